"""A listing goes step by step: pages are listed, new objects are entered in the ledger, and the cursor moves on.

A step is one transaction. A process that dies between two steps leaves a listing that goes on after its cursor.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from ingestor import ledger
from ingestor.database import Database
from ingestor.discovery.known import unheard
from ingestor.discovery.window import UploadWindow
from ingestor.model.source_file import SourceFile
from ingestor.notifications import continuation_message
from ingestor.queues import Queue, send_all
from ingestor.settings import FROM_THE_BEGINNING, OnOverwrite, Settings
from ingestor.sources import ListedPage, Lister, ObjectStore, UnusableObject
from ingestor.sources.listing import pages, pages_since

LOCK_TIMEOUT_SECONDS = 5.0
"""A listing doesn't wait long for a worker: an object that can't be entered now is found again."""

FILES_A_STEP = 2_000
PAGES_A_STEP = 20
"""At most so many files and pages are held before the ledger is asked. A crash repeats their listing; the files of one
step are sent oldest first."""

type MayGoOn = Callable[[], bool]
"""Whether the listing may go on; asked before each page."""


@dataclass(frozen=True, slots=True)
class DiscoveryContext:
    """What listed objects are entered and sent with."""

    database: Database
    objects: ObjectStore
    queue: Queue
    settings: Settings


@dataclass(frozen=True, slots=True)
class Entering:
    """How listed objects come into the ledger.

    `skip_newer`: a completed key stays as it is. `due_in_seconds`: when one that nobody begins is looked at again.
    """

    database: Database
    skip_newer: bool
    due_in_seconds: float = ledger.REQUEUE_SECONDS
    pages_a_step: int = PAGES_A_STEP

    @classmethod
    def of(cls, database: Database, settings: Settings) -> Self:
        return cls(database, skip_newer=settings.on_overwrite is OnOverwrite.SKIP)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step saw: `listed` objects, `in_window` of them uploaded within the window.

    Of those, the ledger didn't know `unknown`, and spoke of other bytes of `replaced`; now both are entered.
    `unusable` ones no row can speak of.
    """

    listed: int
    in_window: Sequence[SourceFile]
    unknown: Sequence[SourceFile]
    replaced: Sequence[SourceFile]
    unusable: Sequence[UnusableObject]
    list_requests: int
    is_last: bool

    @property
    def oldest_first(self) -> list[SourceFile]:
        """What is to be loaded, in that order."""
        return sorted([*self.unknown, *self.replaced], key=_by_upload)


@dataclass(slots=True)
class _Held:
    """What was listed since the cursor last moved."""

    pages: int = 0
    listed: int = 0
    list_requests: int = 0
    cursor: str | None = None
    is_last: bool = False
    in_window: list[SourceFile] = field(default_factory=list)
    unusable: list[UnusableObject] = field(default_factory=list)

    def add(self, page: ListedPage, window: UploadWindow) -> None:
        self.pages += 1
        self.listed += len(page.files)
        self.list_requests += page.requests
        self.cursor = page.last_key or self.cursor
        self.is_last = page.is_last
        self.in_window += [file for file in page.files if window.has(file)]
        self.unusable += page.unusable

    def is_enough(self, pages_a_step: int) -> bool:
        return self.is_last or self.pages >= pages_a_step or len(self.in_window) >= FILES_A_STEP

    def step(self, unknown: Sequence[SourceFile], replaced: Sequence[SourceFile]) -> Step:
        return Step(
            self.listed, self.in_window, unknown, replaced, self.unusable, self.list_requests, self.is_last
        )


def enter(
    entering: Entering,
    listing: ledger.Listing,
    window: UploadWindow,
    lister: Lister,
    may_go_on: MayGoOn,
) -> Iterator[Step]:
    """Enters the listing's objects, to the last page or as far as `may_go_on` allows. A yielded step is committed.

    Raises SourceMissingError, SourceUnavailableError, DatabaseUnavailableError and SchemaError.
    """
    held = _Held()
    listed = _pages_of(lister, listing)
    while may_go_on():
        held.add(next(listed), window)
        if held.is_enough(entering.pages_a_step):
            yield _entered(entering, listing, held)
            if held.is_last:
                return
            held = _Held()
    if held.pages:
        yield _entered(entering, listing, held)


def enter_and_send(
    context: DiscoveryContext,
    entering: Entering,
    listing: ledger.Listing,
    window: UploadWindow,
    may_go_on: MayGoOn,
) -> Iterator[Step]:
    """Enters objects as `enter` does, and sends a step's before it is yielded. The ledger finds a lost send again.

    Raises as `enter` does, and ServiceUnavailableError for the queue.
    """
    for step in enter(entering, listing, window, context.objects, may_go_on):
        send_all(context.queue, [continuation_message(file) for file in step.oldest_first])
        yield step


def dry_run_steps(
    entering: Entering, bucket: str, window: UploadWindow, listed: Iterator[ListedPage], may_go_on: MayGoOn
) -> Iterator[Step]:
    """What `enter` would do, page by page. Changes nothing. Raises as it does."""
    while may_go_on():
        held = _Held()
        held.add(next(listed), window)
        with entering.database.transaction() as connection:
            found = unheard(connection, bucket, held.in_window, skip_newer=entering.skip_newer)
        yield held.step(found.unknown, found.replaced)
        if held.is_last:
            return


def _pages_of(lister: Lister, listing: ledger.Listing) -> Iterator[ListedPage]:
    """The pages after the cursor. Only a recent listing passes over folders of old days."""
    bucket, prefix, after = listing.bucket, listing.prefix, listing.cursor or ""
    if listing.purpose is ledger.Purpose.RECENT:
        newer_than = listing.newer_than or FROM_THE_BEGINNING
        return pages_since(lister, bucket, prefix, newer_than=newer_than, start_after=after)
    return pages(lister, bucket, prefix, start_after=after)


def _by_upload(file: SourceFile) -> tuple[datetime, str]:
    return file.uploaded_at or FROM_THE_BEGINNING, file.key


def _entered(entering: Entering, listing: ledger.Listing, held: _Held) -> Step:
    skip_newer = entering.skip_newer
    with entering.database.transaction(lock_timeout=LOCK_TIMEOUT_SECONDS) as connection:
        found = unheard(connection, listing.bucket, held.in_window, skip_newer=skip_newer)
        registered = ledger.register(connection, found.unknown, due_in_seconds=entering.due_in_seconds)
        announced = [
            file
            for file in sorted(found.replaced, key=lambda file: file.key)  # as everybody locks them
            if ledger.announce_version(connection, file, skip_newer=skip_newer)
        ]
        ledger.move_listing(
            connection,
            listing,
            cursor=held.cursor,
            objects=held.listed,
            registered=len(registered),
            is_finished=held.is_last,
        )
    return held.step(registered, announced)
