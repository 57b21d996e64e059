"""A claim is one upsert, alone in its transaction, before the first byte is read.

In one transaction with a COPY, a stalled worker would lock its successor out, and then pass its own fence.
"""

from dataclasses import dataclass
from typing import LiteralString

from psycopg.rows import class_row

from ingestor.database import Connection
from ingestor.ledger.announcement import announce_to_worker, skip_announced_version
from ingestor.ledger.rows import CLAIM_COLUMNS, Claim, ClaimRow
from ingestor.ledger.wear import ATTEMPTS, IS_WORN_OUT, WEAR_OUT
from ingestor.model.source_file import SourceFile


@dataclass(frozen=True, slots=True)
class AlreadyCompleted:
    """The file is loaded; `newer_skipped` says that the asked-for version is another one, left out on purpose."""

    file_id: int
    newer_skipped: bool = False


@dataclass(frozen=True, slots=True)
class HeldByWorker:
    """A live worker holds the file. If that worker dies, its lease ends."""

    file_id: int


@dataclass(frozen=True, slots=True)
class FailedPermanently:
    file_id: int
    error: str


@dataclass(frozen=True, slots=True)
class AnotherVersion:
    """No worker holds the file, but its row has another object version than asked for, or one was announced.

    `announcements`: how many there had been when the ledger was asked.
    """

    file_id: int
    version: int
    announcements: int
    in_hand: SourceFile


@dataclass(frozen=True, slots=True)
class Changed:
    """The row changed between two statements: ask again."""


type ClaimAnswer = Claim | AlreadyCompleted | HeldByWorker | FailedPermanently | AnotherVersion | Changed

# The same bytes uploaded once more: S3 says so by a later time, and nothing else differs.
_IS_UPLOADED_AGAIN: LiteralString = """
    (f.status = 'FAILED' AND f.error_kind = 'permanent' AND f.event_time < EXCLUDED.event_time)
"""

# PENDING, FAILED (transient), PROCESSING (lease expired) --claim--> PROCESSING; FAILED (permanent) --new upload--> the
# same, with its checkpoint and a new count of attempts
_CLAIM: LiteralString = f"""
WITH before AS (
    SELECT status FROM processed_files WHERE store = %(store)s AND bucket = %(bucket)s AND s3_key = %(key)s
), claimed AS (
    INSERT INTO processed_files AS f (
        store, bucket, s3_key, status, version, attempts, lease_expires_at, last_attempt_at,
        etag, version_id, size_bytes, event_time)
    VALUES (
        %(store)s, %(bucket)s, %(key)s, 'PROCESSING', 1, 1,
        clock_timestamp() + make_interval(secs => %(lease)s), clock_timestamp(),
        %(etag)s, %(version_id)s, %(size_bytes)s, %(uploaded_at)s)
    ON CONFLICT (store, bucket, s3_key) DO UPDATE SET
        status = 'PROCESSING',
        version = f.version + 1,
        attempts = CASE WHEN {_IS_UPLOADED_AGAIN} THEN 1 ELSE {ATTEMPTS} + 1 END,
        failures = CASE WHEN {_IS_UPLOADED_AGAIN} THEN 0 ELSE f.failures END,
        failing_since = CASE WHEN {_IS_UPLOADED_AGAIN} THEN NULL ELSE f.failing_since END,
        lease_expires_at = EXCLUDED.lease_expires_at,
        next_attempt_at = NULL,
        last_attempt_at = clock_timestamp(),
        version_id = CASE WHEN {_IS_UPLOADED_AGAIN} THEN EXCLUDED.version_id ELSE f.version_id END,
        size_bytes = coalesce(f.size_bytes, EXCLUDED.size_bytes),
        event_time = CASE WHEN {_IS_UPLOADED_AGAIN} THEN EXCLUDED.event_time
                          ELSE coalesce(f.event_time, EXCLUDED.event_time) END,
        ignored_at = NULL,
        ignored_reason = NULL,
        updated_at = clock_timestamp()
    WHERE (((f.status = 'PENDING'
             OR (f.status = 'FAILED' AND f.error_kind = 'transient')
             OR (f.status = 'PROCESSING' AND f.lease_expires_at <= clock_timestamp()))
            AND {ATTEMPTS} < %(max_attempts)s)
           OR {_IS_UPLOADED_AGAIN})
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

_READ_ROW: LiteralString = f"""
SELECT status, error, error_kind, {ATTEMPTS} AS attempts, next_etag,
       coalesce(lease_expires_at > clock_timestamp(), false) AS is_held,
{CLAIM_COLUMNS} FROM processed_files f
WHERE store = %(store)s AND bucket = %(bucket)s AND s3_key = %(key)s
"""

_WEAR_OUT: LiteralString = f"""
WITH worn_out AS (
    UPDATE processed_files AS f SET {WEAR_OUT}
    WHERE f.id = %(file_id)s AND f.version = %(version)s AND {IS_WORN_OUT}
      AND (f.status <> 'PROCESSING' OR f.lease_expires_at <= clock_timestamp())
    RETURNING f.id, f.version, f.error
), recorded AS (
    INSERT INTO file_events (file_id, version, event, kind, error)
    SELECT id, version, 'failed', 'permanent', error FROM worn_out
)
SELECT error FROM worn_out
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
    """Claims the file, or says why it can't be claimed.

    `skip_newer`: a completed key stays as it is, whatever version is asked for.
    """
    parameters = {
        "store": file.store.value,
        "bucket": file.bucket,
        "key": file.key,
        "etag": file.etag,
        "version_id": file.version_id,
        "size_bytes": file.size_bytes,
        "uploaded_at": file.uploaded_at,
        "lease": lease_seconds,
        "max_attempts": max_attempts,
    }
    with connection.cursor(row_factory=class_row(ClaimRow)) as cursor:
        claimed = cursor.execute(_CLAIM, parameters).fetchone()
    if claimed is not None:
        return claimed.claim
    with connection.cursor(row_factory=class_row(_LedgerRow)) as cursor:
        row = cursor.execute(_READ_ROW, parameters).fetchone()
    if row is None:
        return Changed()
    return _why_not(connection, row, file, max_attempts=max_attempts, skip_newer=skip_newer)


def _why_not(
    connection: Connection, row: _LedgerRow, file: SourceFile, *, max_attempts: int, skip_newer: bool
) -> ClaimAnswer:
    is_same = row.etag == file.etag
    newer_waits = row.next_etag is not None
    if row.status == "COMPLETED" and (skip_newer or (is_same and not newer_waits)):
        return _completed(connection, row, newer_skipped=newer_waits or not is_same)
    if row.is_held:
        return _held(connection, row, file, has_news=newer_waits or not is_same)
    if row.status == "FAILED" and row.error_kind == "permanent" and file.etag in {row.etag, row.next_etag}:
        return FailedPermanently(row.file_id, row.error or "failed permanently")
    if row.attempts >= max_attempts:
        worn_out = _wear_out(connection, row, max_attempts)
        if worn_out is not None:
            return worn_out
    if newer_waits or not is_same:
        return AnotherVersion(row.file_id, row.version, row.announcements, row.file)
    return Changed()


def _completed(connection: Connection, row: _LedgerRow, *, newer_skipped: bool) -> AlreadyCompleted:
    if row.next_etag is not None:
        skip_announced_version(connection, row.file_id)
    return AlreadyCompleted(row.file_id, newer_skipped=newer_skipped)


def _held(connection: Connection, row: _LedgerRow, file: SourceFile, *, has_news: bool) -> ClaimAnswer:
    if has_news and not announce_to_worker(connection, file, file_id=row.file_id, version=row.version):
        return Changed()
    return HeldByWorker(row.file_id)


def _wear_out(connection: Connection, row: _LedgerRow, max_attempts: int) -> FailedPermanently | None:
    """Fails a file that is worn out; None: it isn't, or not any more."""
    worn_out = connection.execute(
        _WEAR_OUT, {"file_id": row.file_id, "version": row.version, "max_attempts": max_attempts}
    ).fetchone()
    return FailedPermanently(row.file_id, worn_out[0]) if worn_out else None
