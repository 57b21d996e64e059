"""Where each listing of a bucket stands, so that a tick that ran out of time is continued by the next one."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import LiteralString, cast

from ingestor.database import Connection
from ingestor.model.source_file import Store

_READ: LiteralString = """
SELECT cursor, newer_than, started_at, finished_at, objects, registered FROM listings
WHERE store = %(store)s AND bucket = %(bucket)s AND prefix = %(prefix)s AND purpose = %(purpose)s
"""
_BEGIN: LiteralString = """
INSERT INTO listings (store, bucket, prefix, purpose, newer_than)
VALUES (%(store)s, %(bucket)s, %(prefix)s, %(purpose)s, %(newer_than)s)
ON CONFLICT (store, bucket, prefix, purpose) DO UPDATE SET
    cursor = NULL, newer_than = EXCLUDED.newer_than, started_at = clock_timestamp(), finished_at = NULL,
    objects = 0, registered = 0
RETURNING started_at
"""
_MOVE: LiteralString = """
UPDATE listings SET
    cursor = CASE WHEN NOT %(is_finished)s THEN coalesce(%(cursor)s, cursor) END,
    objects = objects + %(objects)s,
    registered = registered + %(registered)s,
    finished_at = CASE WHEN %(is_finished)s THEN clock_timestamp() END
WHERE store = %(store)s AND bucket = %(bucket)s AND prefix = %(prefix)s AND purpose = %(purpose)s
  AND started_at = %(started_at)s AND finished_at IS NULL
"""
_RECONCILIATION_STARTS: LiteralString = """
SELECT newer_than FROM listings
WHERE store = %(store)s AND bucket = %(bucket)s AND purpose = 'reconcile'
  AND starts_with(%(prefix)s, prefix) AND newer_than IS NOT NULL
"""
_CURRENT_TIME: LiteralString = "SELECT clock_timestamp()"


class Purpose(StrEnum):
    """Why a bucket is listed."""

    RECENT = "recent"
    RECONCILE = "reconcile"
    BACKFILL = "backfill"


@dataclass(frozen=True, slots=True)
class Listing:
    """`cursor` is the last key seen. `objects` were seen in this pass, and `registered` of them were new."""

    bucket: str
    prefix: str
    purpose: Purpose
    cursor: str | None
    newer_than: datetime | None
    started_at: datetime
    finished_at: datetime | None
    objects: int
    registered: int
    store: Store = Store.S3


def read_listing(
    connection: Connection, bucket: str, prefix: str, purpose: Purpose, *, store: Store = Store.S3
) -> Listing | None:
    parameters = {"store": store.value, "bucket": bucket, "prefix": prefix, "purpose": purpose.value}
    row = connection.execute(_READ, parameters).fetchone()
    return None if row is None else replace(Listing(bucket, prefix, purpose, *row), store=store)


def begin_listing(
    connection: Connection,
    bucket: str,
    prefix: str,
    purpose: Purpose,
    *,
    newer_than: datetime | None,
    store: Store = Store.S3,
) -> Listing:
    """Begins the listing anew, from the first key."""
    parameters = {
        "store": store.value,
        "bucket": bucket,
        "prefix": prefix,
        "purpose": purpose.value,
        "newer_than": newer_than,
    }
    (started_at,) = connection.execute(_BEGIN, parameters).fetchall()[0]
    return Listing(bucket, prefix, purpose, None, newer_than, started_at, None, 0, 0, store)


def move_listing(
    connection: Connection,
    listing: Listing,
    *,
    cursor: str | None,
    objects: int,
    registered: int,
    is_finished: bool,
) -> None:
    """Moves the cursor, in the transaction that registers the page, and adds `objects` and `registered`.

    `cursor` None: the one before stays, as no key of the page can be written down. Nothing happens when the pass was
    finished, or begun anew, by somebody else meanwhile.
    """
    connection.execute(
        _MOVE,
        {
            "store": listing.store.value,
            "bucket": listing.bucket,
            "prefix": listing.prefix,
            "purpose": listing.purpose.value,
            "started_at": listing.started_at,
            "cursor": cursor,
            "objects": objects,
            "registered": registered,
            "is_finished": is_finished,
        },
    )


def reconciliation_starts(
    connection: Connection, bucket: str, prefix: str, *, store: Store = Store.S3
) -> list[datetime]:
    """From which upload time on each full listing of this prefix, or of a wider one, counts objects."""
    rows = connection.execute(
        _RECONCILIATION_STARTS, {"store": store.value, "bucket": bucket, "prefix": prefix}
    )
    return [newer_than for (newer_than,) in rows]


def current_time(connection: Connection) -> datetime:
    """Now, by the database's clock, which is the same for all."""
    (moment,) = connection.execute(_CURRENT_TIME).fetchall()[0]
    return cast("datetime", moment)
