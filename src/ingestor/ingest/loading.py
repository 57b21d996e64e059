"""One claim's life: from the checkpoint to the end of the file, or as far as time and errors allow."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial

from ingestor import ledger
from ingestor.deadline import Deadline
from ingestor.errors import (
    ClaimLostError,
    DatabaseUnavailableError,
    ErrorKind,
    ObjectSupersededError,
    PermanentError,
    SchemaError,
    SourceMissingError,
    SourceUnavailableError,
    TooManyRejectsError,
    TransactionFailedError,
    TransientError,
)
from ingestor.formats.excerpt import excerpt
from ingestor.ingest.chunk import Chunk, Committed, renew_lease
from ingestor.ingest.outcome import Continued, Failed, HeldElsewhere, Loaded, Outcome
from ingestor.ingest.pace import Pace
from ingestor.ingest.read_ahead import ReadAhead
from ingestor.ingest.reading import Reading
from ingestor.ingest.starting_over import start_over, take_current_version, take_version
from ingestor.ingest.worker import Worker
from ingestor.model.entry import Batch
from ingestor.model.rows import LossCounts
from ingestor.model.source_file import ByteStream, SourceFile
from ingestor.routing import Pipeline, Skip
from ingestor.routing.skipped import SkippedFormat
from ingestor.sinks import FirstRejected
from ingestor.visible_text import harmless, visible

MAX_OVERWRITES = 5
"""An object overwritten this often within one load is being appended to: later is better."""

_REASON_CHARACTERS = 200


class _OtherPipelineError(Exception):
    """What is loaded so far came through another pipeline than `pipeline`."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__(pipeline.fingerprint)
        self.pipeline = pipeline


class Loading:
    """Holds the claim as it moves, so that every ending carries the right checkpoint.

    `replacement`: the object version to be taken in place of the claim's own, first of all.
    """

    def __init__(
        self,
        worker: Worker,
        claim: ledger.Claim,
        deadline: Deadline,
        *,
        replacement: SourceFile | None = None,
    ) -> None:
        self._worker = worker
        self._claim = claim
        self._replacement = replacement
        self._losses = LossCounts()
        self._pace = Pace(worker.settings.lease_seconds, deadline)

    def run(self) -> Outcome:
        """Raises DatabaseUnavailableError and SchemaError; any other failure is the file's, and in the ledger.

        What nobody expected is that as well, and raised.
        """
        self._worker.on_claim(self._claim)
        try:
            return self._load()
        except ClaimLostError:
            return HeldElsewhere()
        except (DatabaseUnavailableError, SchemaError):
            self._worker.abandoned.append(self._claim)
            raise
        except (TransientError, PermanentError) as error:
            return self._fail(error.kind, self._with_place(str(error)))
        except Exception as error:
            self._fail(
                ErrorKind.TRANSIENT, self._with_place(harmless(f"unexpected {type(error).__name__}: {error}"))
            )
            raise

    def _load(self) -> Outcome:
        if self._replacement is not None:
            self._claim = take_version(self._worker, self._claim, self._replacement)
        for _ in range(MAX_OVERWRITES):
            try:
                return self._load_version()
            except ObjectSupersededError as superseded:
                self._claim = take_current_version(self._worker, self._claim, superseded)
            except _OtherPipelineError as other:
                self._claim = start_over(self._worker, self._claim, other.pipeline)
        raise SourceUnavailableError(
            f"{self._claim.file.uri} was overwritten {MAX_OVERWRITES} times while it was read"
        )

    def _load_version(self) -> Outcome:
        self._losses = LossCounts()
        route = self._worker.router.by_name(self._claim.file)
        if isinstance(route, Skip):
            return self._skip(route)
        started_at = self._claim.checkpoint
        with self._worker.stage("open"):
            opened = self._open()
        reading = Reading(self._worker, self._claim, self._pace, route)
        with (
            closing(opened) as stream,
            ReadAhead(reading.batches(stream)) as batches,
            self._worker.stage("load"),
        ):
            while True:
                batch = batches.next()
                committed = self._commit(batch, reading.pipeline, partial(self._read_on, batches, batch))
                self._claim = committed.claim
                self._losses += committed.losses
                self._pace.chunk_done()
                if committed.is_complete:
                    return self._loaded(committed)
                if committed.has_too_many_rejects:
                    raise self._too_many_rejects()
                if not self._pace.may_go_on():
                    return self._continue_later(progressed=self._claim.checkpoint > started_at)

    def _commit(self, batch: Batch, pipeline: Pipeline | None, rows_sent: Callable[[], None]) -> Committed:
        if pipeline is None or not (batch.values or batch.is_last):
            renew_lease(self._worker, self._claim)
            return Committed(self._claim, is_complete=False)
        if self._claim.checkpoint and (self._claim.pipeline or "json") != pipeline.fingerprint:
            raise _OtherPipelineError(pipeline)
        committed = Chunk(self._worker, self._claim, pipeline, batch, rows_sent).commit()
        self._worker.after_chunk(len(batch.values))
        return committed

    def _skip(self, skip: Skip) -> Outcome:
        """Completes without an entry, and without reading the object."""
        pipeline = Pipeline(SkippedFormat(), SkippedFormat.name, skip.reason)
        nothing = Batch(
            (), self._claim.checkpoint, self._claim.checkpoint_offset, is_last=True, offset_of=int
        )
        return self._loaded(self._commit(nothing, pipeline, lambda: None))

    def _open(self) -> ByteStream:
        """What the key holds now, if that is the claim's version: an older one is still there, but not to be begun.

        Of a key that was deleted, the version that was announced. Raises ObjectSupersededError for any other.
        """
        file = self._claim.file
        try:
            return self._worker.source.open(replace(file, version_id=None))
        except SourceMissingError:
            if file.version_id is None:
                raise
        return self._open_below_delete_marker(file)

    def _open_below_delete_marker(self, file: SourceFile) -> ByteStream:
        with ExitStack() as unless_uploaded_again:
            opened = unless_uploaded_again.enter_context(closing(self._worker.source.open(file)))
            if self._worker.source.current(file) is not None:
                raise ObjectSupersededError(f"{file.uri} was deleted, and uploaded again")
            unless_uploaded_again.pop_all()
            return opened

    def _read_on(self, batches: ReadAhead[Batch], batch: Batch) -> None:
        if self._worker.reads_ahead and not batch.is_last and self._pace.may_go_on():
            batches.begin()

    def _too_many_rejects(self) -> TooManyRejectsError:
        claim = self._claim
        with self._worker.database.transaction() as connection:
            first = self._worker.sink.first_rejected(connection, claim.file_id)
        return TooManyRejectsError(
            f"{_cause(first)}{claim.rows_rejected} of {claim.checkpoint} entries rejected{_first(first)}, "
            f"more than MAX_REJECT_RATIO={self._worker.settings.max_reject_ratio}; "
            "all reasons are in rejected_entries"
        )

    def _continue_later(self, *, progressed: bool) -> Continued:
        with self._worker.database.transaction() as connection:
            ledger.release(connection, self._claim, progressed=progressed)
        return Continued(self._claim.file, self._claim.checkpoint)

    def _with_place(self, error: str) -> str:
        """The decoder knows bytes, not where they came from."""
        uri = harmless(self._claim.file.uri)
        return error if uri in error else f"{uri}: {error}"

    def _fail(self, kind: ErrorKind, error: str) -> Outcome:
        try:
            with self._worker.database.transaction() as connection:
                ending = ledger.fail(connection, self._claim, kind, error)
        except ClaimLostError:
            return HeldElsewhere()
        except (DatabaseUnavailableError, SchemaError):
            self._worker.abandoned.append(self._claim)
            raise
        except TransactionFailedError as refusal:
            # The ledger doesn't know it: the claim ends with its lease, or with what this worker does next.
            self._worker.abandoned.append(self._claim)
            return Failed(ErrorKind.TRANSIENT, f"{error}; and its failure could not be recorded: {refusal}")
        return Failed(kind, error, ending.due_in_seconds)

    def _loaded(self, committed: Committed) -> Loaded:
        claim = committed.claim
        return Loaded(
            claim.file_id,
            claim.rows_loaded,
            claim.rows_rejected,
            bytes_loaded=claim.checkpoint_offset,
            lag_seconds=committed.lag_seconds,
            newer_waits=committed.newer_waits,
            rows_dropped=claim.rows_dropped,
            unknown_fields=claim.unknown_fields,
            losses=self._losses,
        )


def _cause(rejected: FirstRejected | None) -> str:
    if rejected is None:
        return ""
    # What follows a semicolon is PostgreSQL's detail and context, which may quote the entry.
    return visible(rejected.reason.partition(";")[0][:_REASON_CHARACTERS]) + ": "


def _first(rejected: FirstRejected | None) -> str:
    return "" if rejected is None else f" (first: entry {rejected.ordinal}, {excerpt(rejected.raw)})"
