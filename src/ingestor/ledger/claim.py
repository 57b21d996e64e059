"""Claim a file: one upsert, alone in its transaction, before the first byte is read.

Merged with a COPY, a stalled worker would hold the row against its successor and then pass its own fence.
"""

from dataclasses import dataclass
from typing import LiteralString

from psycopg.rows import class_row

from ingestor.ledger.rows import CLAIM_COLUMNS, Claim, ClaimRow, Connection
from ingestor.source_file import SourceFile


@dataclass(frozen=True, slots=True)
class AlreadyCompleted:
    """The file is loaded; `newer_skipped` says that the asked-for version is another one, left out on purpose."""

    file_id: int
    newer_skipped: bool = False


@dataclass(frozen=True, slots=True)
class HeldByWorker:
    """A live worker has it; if that one dies, its lease ends."""

    file_id: int


@dataclass(frozen=True, slots=True)
class FailedPermanently:
    file_id: int
    error: str


@dataclass(frozen=True, slots=True)
class AnotherVersion:
    """The row is free, but speaks of another version than asked for, or one was announced meanwhile."""

    file_id: int
    version: int
    in_hand: SourceFile


@dataclass(frozen=True, slots=True)
class Changed:
    """The row changed between two statements: ask again."""


type ClaimAnswer = Claim | AlreadyCompleted | HeldByWorker | FailedPermanently | AnotherVersion | Changed

# PENDING, FAILED (transient), PROCESSING (lease expired) --claim--> PROCESSING
_CLAIM: LiteralString = f"""
WITH before AS (
    SELECT status FROM processed_files WHERE bucket = %(bucket)s AND s3_key = %(key)s
), claimed AS (
    INSERT INTO processed_files AS f (
        bucket, s3_key, status, version, attempts, lease_expires_at, last_attempt_at,
        etag, version_id, size_bytes, event_time)
    VALUES (
        %(bucket)s, %(key)s, 'PROCESSING', 1, 1,
        clock_timestamp() + make_interval(secs => %(lease)s), clock_timestamp(),
        %(etag)s, %(version_id)s, %(size_bytes)s, %(event_time)s)
    ON CONFLICT (bucket, s3_key) DO UPDATE SET
        status = 'PROCESSING',
        version = f.version + 1,
        attempts = f.attempts + 1,
        lease_expires_at = EXCLUDED.lease_expires_at,
        next_attempt_at = NULL,
        last_attempt_at = clock_timestamp(),
        size_bytes = coalesce(f.size_bytes, EXCLUDED.size_bytes),
        event_time = coalesce(f.event_time, EXCLUDED.event_time),
        updated_at = clock_timestamp()
    WHERE (f.status = 'PENDING'
           OR (f.status = 'FAILED' AND f.error_kind = 'transient')
           OR (f.status = 'PROCESSING' AND f.lease_expires_at <= clock_timestamp()))
      AND f.attempts < %(max_attempts)s
      AND f.etag IS NOT DISTINCT FROM EXCLUDED.etag
      AND f.next_etag IS NULL
    RETURNING *
), recorded AS (
    INSERT INTO file_events (file_id, version, event)
    SELECT id, version, CASE WHEN (SELECT status FROM before) = 'PROCESSING' THEN 'taken over' ELSE 'claimed' END
    FROM claimed
)
SELECT {CLAIM_COLUMNS} FROM claimed
"""

_LOOK: LiteralString = f"""
SELECT status, error, error_kind, attempts, next_etag,
       coalesce(lease_expires_at > clock_timestamp(), false) AS is_held,
{CLAIM_COLUMNS} FROM processed_files WHERE bucket = %(bucket)s AND s3_key = %(key)s
"""

# PENDING, FAILED (transient), PROCESSING (lease expired), with every attempt used up --> FAILED (permanent)
_WEAR_OUT: LiteralString = """
WITH worn_out AS (
    UPDATE processed_files SET
        status = 'FAILED', error_kind = 'permanent', lease_expires_at = NULL, next_attempt_at = NULL,
        error = format('worn out: %%s workers died at entry %%s; look at that entry and at the workers'' memory '
                       'and time-outs, then retry it', attempts, checkpoint),
        updated_at = clock_timestamp()
    WHERE id = %(file_id)s AND version = %(version)s AND attempts >= %(max_attempts)s
      AND (status <> 'PROCESSING' OR lease_expires_at <= clock_timestamp())
      AND status <> 'COMPLETED'
    RETURNING id, version, error
), recorded AS (
    INSERT INTO file_events (file_id, version, event, kind, error)
    SELECT id, version, 'failed', 'permanent', error FROM worn_out
)
SELECT error FROM worn_out
"""

# PROCESSING, held: another version waits until this one ends
_ANNOUNCE: LiteralString = """
WITH announced AS (
    UPDATE processed_files SET next_etag = %(etag)s, next_version_id = %(version_id)s, updated_at = clock_timestamp()
    WHERE id = %(file_id)s AND version = %(version)s
      AND status = 'PROCESSING' AND lease_expires_at > clock_timestamp()
    RETURNING id, version
)
INSERT INTO file_events (file_id, version, event)
SELECT id, version, 'newer version announced' FROM announced
RETURNING file_id
"""


@dataclass(frozen=True, slots=True)
class _LedgerRow(ClaimRow):
    status: str
    error: str | None
    error_kind: str | None
    attempts: int
    next_etag: str | None
    is_held: bool


def claim(
    connection: Connection, file: SourceFile, *, lease_seconds: float, max_attempts: int, skip_newer: bool
) -> ClaimAnswer:
    """Takes the file, or says why not.

    `skip_newer`: a completed key stays as it is, whatever version is asked for.
    """
    parameters = {
        "bucket": file.bucket,
        "key": file.key,
        "etag": file.etag,
        "version_id": file.version_id,
        "size_bytes": file.size_bytes,
        "event_time": file.event_time,
        "lease": lease_seconds,
        "max_attempts": max_attempts,
    }
    with connection.cursor(row_factory=class_row(ClaimRow)) as cursor:
        claimed = cursor.execute(_CLAIM, parameters).fetchone()
    if claimed is not None:
        return claimed.claim
    with connection.cursor(row_factory=class_row(_LedgerRow)) as cursor:
        row = cursor.execute(_LOOK, parameters).fetchone()
    if row is None:
        return Changed()
    return _why_not(connection, row, file, max_attempts=max_attempts, skip_newer=skip_newer)


def _why_not(
    connection: Connection, row: _LedgerRow, file: SourceFile, *, max_attempts: int, skip_newer: bool
) -> ClaimAnswer:
    is_same = row.etag == file.etag
    if row.status == "COMPLETED" and row.next_etag is None and (is_same or skip_newer):
        return AlreadyCompleted(row.file_id, newer_skipped=not is_same)
    if row.is_held:
        if is_same or file.etag == row.next_etag:
            return HeldByWorker(row.file_id)
        return _announce(connection, row, file)
    if not is_same or row.next_etag is not None:
        return AnotherVersion(row.file_id, row.version, row.file)
    if row.status == "FAILED" and row.error_kind == "permanent":
        return FailedPermanently(row.file_id, row.error or "failed permanently")
    if row.attempts >= max_attempts:
        return _wear_out(connection, row, max_attempts)
    return Changed()


def _announce(connection: Connection, row: _LedgerRow, file: SourceFile) -> ClaimAnswer:
    announced = connection.execute(
        _ANNOUNCE,
        {
            "file_id": row.file_id,
            "version": row.version,
            # A key whose store gives no ETag still has to be looked at again.
            "etag": file.etag or "unknown",
            "version_id": file.version_id,
        },
    ).fetchone()
    return HeldByWorker(row.file_id) if announced else Changed()


def _wear_out(connection: Connection, row: _LedgerRow, max_attempts: int) -> ClaimAnswer:
    worn_out = connection.execute(
        _WEAR_OUT, {"file_id": row.file_id, "version": row.version, "max_attempts": max_attempts}
    ).fetchone()
    return FailedPermanently(row.file_id, worn_out[0]) if worn_out else Changed()
