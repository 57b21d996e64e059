"""Sixth step: objects that are loaded are tagged or deleted, where a rule of `ingestor.toml` says so.

Only the version that was loaded is touched: by its version id, or else by its ETag. The ledger knows of a deletion
before it is asked for, so that whoever dies in between leaves a file which nobody reloads and which the next tick ends.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import assert_never

from ingestor import ledger
from ingestor.database import Database
from ingestor.deadline import Deadline
from ingestor.errors import ObjectSupersededError, ServiceUnavailableError, SourceMissingError
from ingestor.ledger import AfterAction, AfterEnding, LoadedObject
from ingestor.model.source_file import SourceFile
from ingestor.sources import ObjectActions, Source
from ingestor.sweep.context import SweepContext

PAGE = 100


@dataclass(frozen=True, slots=True)
class AfterLoad:
    """`kept`: overwritten since, or in a bucket where a tag can't be tied to a version."""

    tagged: int = 0
    deleted: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class _Ended:
    ending: AfterEnding
    why: str | None = None


def finish_loaded_objects(context: SweepContext, deadline: Deadline) -> AfterLoad:
    """Raises ServiceUnavailableError for the first object that S3 refused; the others are done all the same."""
    if context.actions is None:
        return AfterLoad()
    finisher = ObjectFinisher(context.database, context.objects, context.actions)
    return finisher.finish(deadline, buckets=context.settings.watched_buckets)


@dataclass(frozen=True, slots=True)
class ObjectFinisher:
    """Does what rules want done to loaded objects."""

    database: Database
    source: Source
    actions: ObjectActions

    def finish(self, deadline: Deadline, *, buckets: Collection[str] = ()) -> AfterLoad:
        """`buckets`: none means any. Raises ServiceUnavailableError for the first object that S3 refused.

        The others of its page are done all the same; it is due again in 15 minutes.
        """
        endings: Counter[AfterEnding] = Counter()
        while not deadline.is_near():
            with self.database.transaction() as connection:
                page = ledger.begin_after_load(connection, limit=PAGE, buckets=buckets)
            refusal: ServiceUnavailableError | None = None
            for loaded in page:
                try:
                    ended = self._ended(loaded)
                except ServiceUnavailableError as error:
                    refusal = refusal or error
                    continue
                with self.database.transaction() as connection:
                    ledger.end_after_load(connection, loaded, ended.ending, ended.why)
                endings[ended.ending] += 1
            if refusal is not None:
                raise refusal
            if len(page) < PAGE:
                break
        return AfterLoad(endings[AfterEnding.TAGGED], endings[AfterEnding.DELETED], endings[AfterEnding.KEPT])

    def _ended(self, loaded: LoadedObject) -> _Ended:
        """Raises ServiceUnavailableError."""
        current = self.source.current(loaded.file)
        if current is None:
            gone = loaded.action is AfterAction.DELETE
            return _Ended(AfterEnding.DELETED) if gone else _Ended(AfterEnding.KEPT, "it is deleted already")
        if current.etag != loaded.file.etag or _is_of_another_upload(loaded.file, current):
            return _Ended(AfterEnding.KEPT, "it was overwritten since")
        pinned = replace(loaded.file, version_id=current.version_id)
        try:
            return self._done(loaded.action, pinned)
        except (ObjectSupersededError, SourceMissingError):
            return _Ended(AfterEnding.KEPT, "it was overwritten or deleted since")

    def _done(self, action: AfterAction, pinned: SourceFile) -> _Ended:
        match action:
            case AfterAction.DELETE:
                self.actions.delete(pinned)
                return _Ended(AfterEnding.DELETED)
            case AfterAction.TAG if pinned.version_id is None:
                return _Ended(
                    AfterEnding.KEPT, "not tagged: without versions a tag can't be tied to what was loaded"
                )
            case AfterAction.TAG:
                self.actions.tag(pinned)
                return _Ended(AfterEnding.TAGGED)
            case _:
                assert_never(action)


def _is_of_another_upload(loaded: SourceFile, current: SourceFile) -> bool:
    """The same bytes may be uploaded again. Where a version id is known, it says which of them were loaded."""
    return loaded.version_id not in (None, "null", current.version_id)
