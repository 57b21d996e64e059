"""Second step: objects that nobody told us of are found by listing, entered, and sent.

recent, at each tick: what is newer than the newest log loaded
reconcile, daily: everything, for what that can't see
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestor import ledger
from ingestor.deadline import Deadline
from ingestor.errors import SourceMissingError, SourceUnavailableError
from ingestor.notification import hand_on_message
from ingestor.s3_object import ListedPage, pages, pages_since
from ingestor.settings import FROM_THE_BEGINNING, OnOverwrite
from ingestor.source_file import SourceFile
from ingestor.sweep.due import send_all
from ingestor.sweep.tools import LOCK_TIMEOUT_SECONDS, SweepTools

GRACE = timedelta(minutes=15)
"""A younger object's notification is probably on its way."""

SAFETY_MARGIN = timedelta(hours=1)
"""Its uploader's clock, the log's, S3's and ours disagree, and a large upload is older than its end."""

RECENT_PAGES = 200
RECONCILE_PAGES = 20
"""Pages of 1,000 keys in a tick: at two minutes each, 14 million keys a day are reconciled, for 7 US cents."""

SETTLED_FILES = 2_000
SETTLED_PAGES = 20
"""What is held before the ledger is asked and the cursor moved: a crash repeats so much, and files go oldest first."""

PAGE_SECONDS = 10
"""A page, or the sending of what is held: up to 300 calls to SQS."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """`listed`: objects seen. `registered` are new to the ledger. `sent` has those, and new versions of known keys."""

    listed: int = 0
    registered: int = 0
    sent: int = 0
    list_requests: int = 0
    is_complete: bool = True

    def __add__(self, other: "Discovery") -> "Discovery":
        return Discovery(
            self.listed + other.listed,
            self.registered + other.registered,
            self.sent + other.sent,
            self.list_requests + other.list_requests,
            self.is_complete and other.is_complete,
        )


@dataclass(frozen=True, slots=True)
class _Pass:
    """`older_than` ends it, `max_pages` a tick's share. `replaces` None: known keys are left alone; else another
    ETag of a known key counts too, and True: of a completed one as well."""

    listing: ledger.Listing
    older_than: datetime
    max_pages: int
    replaces: bool | None = None

    def wants(self, file: SourceFile) -> bool:
        return _is_between(self.listing.newer_than or FROM_THE_BEGINNING, file, self.older_than)

    def takes(self, file: SourceFile, known: ledger.KnownFile) -> bool:
        """Whether the key now has bytes that the ledger's row doesn't speak of, and they are to be loaded."""
        if self.replaces is None or known.etag is None or file.etag in {None, known.etag}:
            return False
        return self.replaces or known.status != "COMPLETED"


@dataclass(frozen=True, slots=True)
class _Held:
    """What was listed since the cursor last moved; `files` are those wanted."""

    files: list[SourceFile]
    listed: int = 0
    cursor: str | None = None
    is_last: bool = False


def queue_unknown_objects(tools: SweepTools, deadline: Deadline) -> Discovery:
    """Raises SourceUnavailableError naming each bucket that couldn't be listed; the others are done before that."""
    done = Discovery()
    troubles: dict[str, None] = {}
    for bucket in sorted(tools.settings.watched_buckets):
        for list_objects in (_list_recent, _reconcile):
            try:
                done += list_objects(tools, bucket, deadline)
            except (SourceMissingError, SourceUnavailableError) as error:
                troubles[str(error)] = None
    if troubles:
        raise SourceUnavailableError("; ".join(troubles))
    return done


def survey_unknown_objects(tools: SweepTools) -> Discovery:
    """What the recent listing would register if it began anew now; changes nothing."""
    done = Discovery()
    for bucket in sorted(tools.settings.watched_buckets):
        with tools.database.transaction() as connection:
            older_than = ledger.current_time(connection) - GRACE
            before = ledger.read_listing(connection, bucket, tools.settings.prefix, ledger.Purpose.RECENT)
            newer_than = _newer_than(connection, tools, bucket, before)
        for page in pages_since(tools.objects, bucket, tools.settings.prefix, newer_than=newer_than):
            keys = [file.key for file in page.files if _is_between(newer_than, file, older_than)]
            with tools.database.transaction() as connection:
                unknown = len(keys) - len(ledger.known_files(connection, bucket, keys))
            done += Discovery(listed=len(page.files), registered=unknown, list_requests=page.requests)
    return done


def _is_between(newer_than: datetime, file: SourceFile, older_than: datetime) -> bool:
    """An object whose time nobody knows counts."""
    return file.event_time is None or newer_than < file.event_time <= older_than


def _list_recent(tools: SweepTools, bucket: str, deadline: Deadline) -> Discovery:
    prefix = tools.settings.prefix
    with tools.database.transaction() as connection:
        now = ledger.current_time(connection)
        listing = ledger.read_listing(connection, bucket, prefix, ledger.Purpose.RECENT)
        if listing is None or listing.finished_at is not None:
            newer_than = _newer_than(connection, tools, bucket, listing)
            listing = ledger.begin_listing(
                connection, bucket, prefix, ledger.Purpose.RECENT, newer_than=newer_than
            )
    newer_than = listing.newer_than or FROM_THE_BEGINNING
    cursor = listing.cursor or ""
    recent = pages_since(tools.objects, bucket, prefix, newer_than=newer_than, start_after=cursor)
    return _go_on(tools, _Pass(listing, now - GRACE, RECENT_PAGES), recent, deadline)


def _reconcile(tools: SweepTools, bucket: str, deadline: Deadline) -> Discovery:
    prefix = tools.settings.prefix
    every = timedelta(hours=tools.settings.reconcile_hours)
    with tools.database.transaction() as connection:
        now = ledger.current_time(connection)
        listing = ledger.read_listing(connection, bucket, prefix, ledger.Purpose.RECONCILE)
        if listing is None or (listing.finished_at is not None and listing.started_at + every <= now):
            newer_than = _start_from(connection, tools)
            listing = ledger.begin_listing(
                connection, bucket, prefix, ledger.Purpose.RECONCILE, newer_than=newer_than
            )
    if listing.finished_at is not None:
        return Discovery()
    everything = pages(tools.objects, bucket, prefix, start_after=listing.cursor or "")
    replaces = tools.settings.on_overwrite is OnOverwrite.REPLACE
    return _go_on(tools, _Pass(listing, now - GRACE, RECONCILE_PAGES, replaces), everything, deadline)


def _newer_than(
    connection: ledger.Connection, tools: SweepTools, bucket: str, before: ledger.Listing | None
) -> datetime:
    """The newest log, or, if that is earlier, where the last pass ended: what came while nobody swept is not lost."""
    start = _start_from(connection, tools)
    newest = ledger.newest_log_time(connection, bucket, tools.settings.prefix)
    if newest is None:
        return start
    if before is not None:
        newest = min(newest, before.started_at - GRACE)
    return max(start, newest - SAFETY_MARGIN)


def _start_from(connection: ledger.Connection, tools: SweepTools) -> datetime:
    return tools.settings.start_from or ledger.schema_created_at(connection)


def _go_on(
    tools: SweepTools, this: _Pass, listed_pages: Iterator[ListedPage], deadline: Deadline
) -> Discovery:
    done = Discovery()
    held = _Held([])
    for number in range(1, this.max_pages + 1):
        if deadline.is_near(PAGE_SECONDS):
            break
        page = next(listed_pages)
        done += Discovery(listed=len(page.files), list_requests=page.requests)
        held = _Held(
            held.files + [file for file in page.files if this.wants(file)],
            held.listed + len(page.files),
            page.last_key,
            page.is_last,
        )
        if page.is_last:
            return done + _settle(tools, this, held)
        if len(held.files) >= SETTLED_FILES or number % SETTLED_PAGES == 0:
            done += _settle(tools, this, held)
            held = _Held([])
    if held.cursor is not None:
        done += _settle(tools, this, held)
    return done + Discovery(is_complete=False)


def _settle(tools: SweepTools, this: _Pass, held: _Held) -> Discovery:
    """Enter the unknown ones and move the cursor in one transaction; then send, oldest first."""
    with tools.database.transaction(lock_timeout=LOCK_TIMEOUT_SECONDS) as connection:
        bucket = this.listing.bucket
        known = ledger.known_files(connection, bucket, [file.key for file in held.files])
        registered = ledger.register(connection, [file for file in held.files if file.key not in known])
        ledger.move_listing(
            connection,
            this.listing,
            cursor=None if held.is_last else held.cursor,
            objects=held.listed,
            registered=len(registered),
            is_finished=held.is_last,
        )
    newer = [file for file in held.files if file.key in known and this.takes(file, known[file.key])]
    to_send = sorted(registered + newer, key=lambda file: file.event_time or this.older_than)
    send_all(tools, [hand_on_message(file) for file in to_send])
    return Discovery(registered=len(registered), sent=len(to_send))
