"""How far back a listing has to look.

A full listing covers everything from START_FROM on; it is repeated every RECONCILE_HOURS. In between, a listing begins
at the newest log that is loaded, but never after the beginning of the last finished listing of the same prefix. So no
rule about time skips an object for good: another listing enters what one left out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Self

from ingestor import ledger
from ingestor.database import Connection
from ingestor.model.source_file import SourceFile
from ingestor.settings import FROM_THE_BEGINNING, Settings, not_before_s3

GRACE = timedelta(minutes=15)
"""Where notifications come, that of a younger object is probably still on its way."""

SAFETY_MARGIN = timedelta(hours=2)
"""One hour between the clocks of S3 and the database, and one for a large upload, which S3 dates at its beginning."""


@dataclass(frozen=True, slots=True)
class UploadWindow:
    """Objects uploaded at or after `newer_than`, and, where they have a notification to wait for, `grace` ago."""

    newer_than: datetime
    now: datetime
    grace: timedelta = timedelta(0)

    def has(self, file: SourceFile) -> bool:
        """Whether the object is listed. An object without a time, or with one in the future, always is."""
        at = file.uploaded_at
        if at is None or at > self.now + SAFETY_MARGIN:
            return True
        return self.newer_than <= at and (not self.grace or at <= self.now - self.grace)


class DefaultStart(Enum):
    """Since when objects count while START_FROM is unset."""

    SCHEMA_CREATED = auto()
    """For the sweeper: objects older than the service are loaded by `backfill` alone."""
    EVERYTHING = auto()
    """For `run`: naming a bucket asks for all of it. Where a sweeper watches the bucket, the sweeper's start holds."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is listed, and since when objects count."""

    bucket: str
    prefix: str
    start_from: datetime | None
    default_start: DefaultStart
    reconcile_every: timedelta

    @classmethod
    def of(cls, settings: Settings, bucket: str, prefix: str, default_start: DefaultStart) -> Self:
        every = timedelta(hours=settings.reconcile_hours)
        return cls(bucket, prefix, settings.start_from, default_start, every)


def window_of(
    connection: Connection, listing: ledger.Listing, grace: timedelta = timedelta(0)
) -> UploadWindow:
    return UploadWindow(listing.newer_than or FROM_THE_BEGINNING, ledger.current_time(connection), grace)


def open_recent(connection: Connection, scope: Scope) -> ledger.Listing:
    """The one that was broken off, or a new one."""
    listing = _read(connection, scope, ledger.Purpose.RECENT)
    if listing is not None and listing.finished_at is None:
        return listing
    return _begin(connection, scope, ledger.Purpose.RECENT, recent_from(connection, scope))


def open_recent_or_whole(connection: Connection, scope: Scope) -> ledger.Listing:
    """The reconciliation, where one is due and the recent listing would look as far back; else the recent listing."""
    recent = _read(connection, scope, ledger.Purpose.RECENT)
    if recent is None or recent.finished_at is not None:
        is_whole = recent_from(connection, scope) == start_of(connection, scope)
        if is_whole and (listing := open_reconciliation(connection, scope)):
            return listing
    return open_recent(connection, scope)


def open_reconciliation(connection: Connection, scope: Scope) -> ledger.Listing | None:
    """The unfinished full listing, or a new one when the last is RECONCILE_HOURS old; None: none is due."""
    if not is_reconciliation_due(connection, scope):
        return None
    start = start_of(connection, scope)
    listing = _read(connection, scope, ledger.Purpose.RECONCILE)
    if listing is not None and listing.finished_at is None and _reaches_back(listing, start):
        return listing
    return _begin(connection, scope, ledger.Purpose.RECONCILE, start)


def is_reconciliation_due(connection: Connection, scope: Scope) -> bool:
    """Whether a full listing is due, is unfinished, or has to begin earlier because START_FROM changed."""
    listing = _read(connection, scope, ledger.Purpose.RECONCILE)
    if listing is None or listing.finished_at is None:
        return True
    now = ledger.current_time(connection)
    # One that is yet to begin was dated by a clock that has been set back since.
    is_fresh = listing.started_at <= now < listing.started_at + scope.reconcile_every
    return not (is_fresh and _reaches_back(listing, start_of(connection, scope)))


def open_since(connection: Connection, bucket: str, prefix: str, since: datetime) -> ledger.Listing:
    """The unfinished listing of everything uploaded at or after `since`, or a new one."""
    purpose = ledger.Purpose.BACKFILL
    listing = ledger.read_listing(connection, bucket, prefix, purpose)
    if listing is not None and listing.finished_at is None and listing.newer_than == since:
        return listing
    return ledger.begin_listing(connection, bucket, prefix, purpose, newer_than=since)


def recent_from(connection: Connection, scope: Scope) -> datetime:
    """The upload time at which a new recent listing begins."""
    start = start_of(connection, scope)
    finished = _last_finished(connection, scope)
    if finished is None:
        return start
    newest = ledger.newest_log_time(connection, scope.bucket, scope.prefix)
    if newest is None:
        return start
    # An entry may claim the year 1.
    return max(start, min(not_before_s3(newest), finished.started_at - GRACE) - SAFETY_MARGIN)


def start_of(connection: Connection, scope: Scope) -> datetime:
    """The upload time before which no object is loaded."""
    if scope.start_from is not None:
        return scope.start_from
    created_at = ledger.schema_created_at(connection)
    # By the database's clock, which may be ahead of S3's.
    sweepers_start = created_at - SAFETY_MARGIN
    if scope.default_start is DefaultStart.SCHEMA_CREATED:
        return sweepers_start
    starts = ledger.reconciliation_starts(connection, scope.bucket, scope.prefix)
    is_swept = any(sweepers_start <= start <= created_at for start in starts)
    return sweepers_start if is_swept else FROM_THE_BEGINNING


def _last_finished(connection: Connection, scope: Scope) -> ledger.Listing | None:
    listings = (
        _read(connection, scope, purpose) for purpose in (ledger.Purpose.RECENT, ledger.Purpose.RECONCILE)
    )
    now = ledger.current_time(connection)
    # One that is yet to begin was dated by a clock that has been set back since.
    finished = [each for each in listings if each and each.finished_at is not None and each.started_at <= now]
    return max(finished, key=lambda each: each.started_at, default=None)


def _reaches_back(listing: ledger.Listing, start: datetime) -> bool:
    return (listing.newer_than or FROM_THE_BEGINNING) <= start


def _read(connection: Connection, scope: Scope, purpose: ledger.Purpose) -> ledger.Listing | None:
    return ledger.read_listing(connection, scope.bucket, scope.prefix, purpose)


def _begin(
    connection: Connection, scope: Scope, purpose: ledger.Purpose, newer_than: datetime
) -> ledger.Listing:
    return ledger.begin_listing(connection, scope.bucket, scope.prefix, purpose, newer_than=newer_than)
