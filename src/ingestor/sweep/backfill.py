"""Everything below a prefix into the ledger and the queue, page by page: what was there before the service."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ingestor import ledger
from ingestor.database import Database
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.notification import hand_on_message
from ingestor.s3_object import ListedPage, S3Objects, pages
from ingestor.settings import FROM_THE_BEGINNING
from ingestor.source_file import SourceFile
from ingestor.sweep.due import send_all
from ingestor.sweep.tools import LOCK_TIMEOUT_SECONDS, SweepTools

DUE_SECONDS = 6 * 3600
"""A backfill's messages wait for hours; sent again every quarter of an hour, they would wait even longer."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Objects of `bucket` whose keys begin with `prefix`, not older than `since`."""

    bucket: str
    prefix: str
    since: datetime = FROM_THE_BEGINNING

    def has(self, file: SourceFile) -> bool:
        return file.event_time is None or file.event_time >= self.since


@dataclass(frozen=True, slots=True)
class Backfill:
    """`objects` and their stored `bytes` were seen in this run; the new ones are, or would be, entered and sent.

    `resumed_after`: the last key of an earlier run that was stopped.
    """

    objects: int = 0
    bytes: int = 0
    new_objects: int = 0
    new_bytes: int = 0
    list_requests: int = 0
    resumed_after: str | None = None
    is_complete: bool = False


type OnPage = Callable[[Backfill], None]
type TakePage = Callable[[ListedPage, list[SourceFile]], list[SourceFile]]


def backfill(
    tools: SweepTools, wanted: Wanted, *, on_page: OnPage, deadline: Deadline = UNLIMITED
) -> Backfill:
    """Goes on where an earlier run of the same was stopped. Safe beside workers, sweepers and other runs.

    Raises SourceMissingError, SourceUnavailableError; then the same call goes on, too.
    """
    tools.queue.depth()  # without a queue, nothing is entered
    listing = _listing(tools.database, wanted)

    def enter(page: ListedPage, files: list[SourceFile]) -> list[SourceFile]:
        with tools.database.transaction(lock_timeout=LOCK_TIMEOUT_SECONDS) as connection:
            new = _new(connection, wanted.bucket, files)
            registered = ledger.register(connection, new, due_in_seconds=DUE_SECONDS)
            ledger.move_listing(
                connection,
                listing,
                cursor=None if page.is_last else page.last_key,
                objects=len(files),
                registered=len(registered),
                is_finished=page.is_last,
            )
        send_all(tools, [hand_on_message(file) for file in _oldest_first(registered)])
        return registered

    cursor = listing.cursor
    listed = pages(tools.objects, wanted.bucket, wanted.prefix, start_after=cursor or "")
    return _count(
        listed, wanted, Backfill(resumed_after=cursor), take=enter, on_page=on_page, deadline=deadline
    )


def survey(
    database: Database, objects: S3Objects, wanted: Wanted, *, on_page: OnPage, deadline: Deadline = UNLIMITED
) -> Backfill:
    """What a backfill from the first key on would do. Changes nothing."""

    def look(_page: ListedPage, files: list[SourceFile]) -> list[SourceFile]:
        with database.transaction() as connection:
            return _new(connection, wanted.bucket, files)

    return _count(
        pages(objects, wanted.bucket, wanted.prefix),
        wanted,
        Backfill(),
        take=look,
        on_page=on_page,
        deadline=deadline,
    )


def _count(
    listed: Iterator[ListedPage],
    wanted: Wanted,
    done: Backfill,
    *,
    take: TakePage,
    on_page: OnPage,
    deadline: Deadline,
) -> Backfill:
    while not deadline.is_near():
        page = next(listed)
        files = [file for file in page.files if wanted.has(file)]
        new = take(page, files)
        done = Backfill(
            objects=done.objects + len(files),
            bytes=done.bytes + _bytes(files),
            new_objects=done.new_objects + len(new),
            new_bytes=done.new_bytes + _bytes(new),
            list_requests=done.list_requests + page.requests,
            resumed_after=done.resumed_after,
            is_complete=page.is_last,
        )
        on_page(done)
        if page.is_last:
            break
    return done


def _listing(database: Database, wanted: Wanted) -> ledger.Listing:
    purpose = ledger.Purpose.BACKFILL
    with database.transaction() as connection:
        listing = ledger.read_listing(connection, wanted.bucket, wanted.prefix, purpose)
        if listing and listing.finished_at is None and listing.newer_than == wanted.since:
            return listing
        return ledger.begin_listing(
            connection, wanted.bucket, wanted.prefix, purpose, newer_than=wanted.since
        )


def _new(connection: ledger.Connection, bucket: str, files: list[SourceFile]) -> list[SourceFile]:
    known = ledger.known_files(connection, bucket, [file.key for file in files])
    return [file for file in files if file.key not in known]


def _oldest_first(files: list[SourceFile]) -> list[SourceFile]:
    return sorted(files, key=lambda file: file.event_time or FROM_THE_BEGINNING)


def _bytes(files: list[SourceFile]) -> int:
    return sum(file.size_bytes or 0 for file in files)
