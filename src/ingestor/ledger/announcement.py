"""An announcement says that an object may have another version; it stays until a worker has asked what the key holds.

A `next_etag` means that the store is to be asked. What the key holds then is taken, whichever version was announced.
`announcements` counts, so that one that comes after the store was asked isn't lost.
"""

from typing import LiteralString

from ingestor.database import Connection
from ingestor.model.source_file import SourceFile

# PROCESSING, held: the key is looked at when this version ends. Any announcement counts, one more of the version in
# hand too: while a worker takes another object version, nobody can tell which of them the key holds.
_ANNOUNCE_TO_WORKER: LiteralString = """
WITH announced AS (
    UPDATE processed_files SET
        next_etag = %(etag)s,
        next_version_id = %(version_id)s,
        announcements = announcements + 1,
        updated_at = clock_timestamp()
    WHERE id = %(file_id)s AND version = %(version)s
      AND status = 'PROCESSING' AND lease_expires_at > clock_timestamp()
    RETURNING id, version
)
INSERT INTO file_events (file_id, version, event)
SELECT id, version, 'newer version announced' FROM announced
RETURNING file_id
"""

# whatever the state, the file is looked at again and the current object version taken; FAILED (permanent) --> PENDING
_ANNOUNCE: LiteralString = """
WITH announced AS (
    UPDATE processed_files SET
        status = CASE WHEN status = 'FAILED' THEN 'PENDING' ELSE status END,
        attempts = CASE WHEN status = 'FAILED' THEN 0 ELSE attempts END,
        event_time = CASE WHEN etag = %(etag)s THEN greatest(event_time, %(uploaded_at)s) ELSE event_time END,
        next_etag = %(etag)s,
        next_version_id = %(version_id)s,
        announcements = announcements + 1,
        next_attempt_at = CASE WHEN status <> 'PROCESSING' THEN clock_timestamp() END,
        ignored_at = NULL,
        ignored_reason = NULL,
        updated_at = clock_timestamp()
    WHERE store = %(store)s AND bucket = %(bucket)s AND s3_key = %(key)s
      AND NOT (status = 'COMPLETED' AND %(skip_newer)s)
    RETURNING id, version
)
INSERT INTO file_events (file_id, version, event)
SELECT id, version, 'newer version announced' FROM announced
RETURNING file_id
"""

# any state but COMPLETED --> the same
_FORGET: LiteralString = """
UPDATE processed_files SET next_etag = NULL, next_version_id = NULL, updated_at = clock_timestamp()
WHERE id = %(file_id)s AND version = %(version)s AND announcements = %(announcements)s
  AND next_etag IS NOT NULL AND processed_at IS NULL
"""

# COMPLETED, and what a worker left that was to take another version and died before: all rows are there --> COMPLETED
_RESTORE: LiteralString = """
WITH before AS (
    SELECT id, status FROM processed_files WHERE id = %(file_id)s
), restored AS (
    UPDATE processed_files f SET
        status = 'COMPLETED',
        attempts = 0,
        failures = 0,
        failing_since = NULL,
        lease_expires_at = NULL,
        next_attempt_at = NULL,
        next_etag = NULL,
        next_version_id = NULL,
        error = NULL,
        error_kind = NULL,
        updated_at = clock_timestamp()
    FROM before
    WHERE f.id = before.id AND f.version = %(version)s AND f.announcements = %(announcements)s
      AND f.next_etag IS NOT NULL AND f.processed_at IS NOT NULL
    RETURNING f.id, f.version, before.status
)
INSERT INTO file_events (file_id, version, event, rows)
SELECT id, version, 'completed', 0 FROM restored WHERE status <> 'COMPLETED'
"""

# COMPLETED, another object version waiting, and overwrites are skipped by now --> COMPLETED
_SKIP: LiteralString = """
WITH skipped AS (
    UPDATE processed_files SET
        next_attempt_at = NULL, next_etag = NULL, next_version_id = NULL, updated_at = clock_timestamp()
    WHERE id = %(file_id)s AND status = 'COMPLETED' AND next_etag IS NOT NULL
    RETURNING id, version
)
INSERT INTO file_events (file_id, version, event)
SELECT id, version, 'newer version skipped' FROM skipped
"""


def announce_to_worker(connection: Connection, file: SourceFile, *, file_id: int, version: int) -> bool:
    """False: no worker holds the file by this claim any more."""
    parameters = {"file_id": file_id, "version": version, **_version_of(file)}
    return connection.execute(_ANNOUNCE_TO_WORKER, parameters).fetchone() is not None


def announce_version(connection: Connection, file: SourceFile, *, skip_newer: bool) -> bool:
    """Has a worker ask what the key holds, because `file` may be a version that the ledger doesn't know.

    False: the key is completed and `skip_newer` leaves it as it is, or it is unknown.
    """
    parameters = {
        "store": file.store.value,
        "bucket": file.bucket,
        "key": file.key,
        "uploaded_at": file.uploaded_at,
        "skip_newer": skip_newer,
        **_version_of(file),
    }
    return connection.execute(_ANNOUNCE, parameters).fetchone() is not None


def forget_announced_version(
    connection: Connection, *, file_id: int, version: int, announcements: int
) -> None:
    """Ends the announcement of a key that still holds the version in hand, or is gone; not if another one came."""
    parameters = {"file_id": file_id, "version": version, "announcements": announcements}
    connection.execute(_RESTORE, parameters)
    connection.execute(_FORGET, parameters)


def skip_announced_version(connection: Connection, file_id: int) -> None:
    connection.execute(_SKIP, {"file_id": file_id})


def _version_of(file: SourceFile) -> dict[str, str | None]:
    # A key whose store gives no ETag still has to be looked at again.
    return {"etag": file.etag or "unknown", "version_id": file.version_id}
