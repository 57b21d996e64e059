"""Take another version of an object: only the one its key has now, and only with a claim in hand."""

from typing import LiteralString

from psycopg.rows import class_row

from ingestor.errors import ClaimLostError
from ingestor.ledger.checkpoint import FENCE
from ingestor.ledger.rows import CLAIM_COLUMNS, Claim, ClaimRow, Connection
from ingestor.source_file import SourceFile

REPLACEMENT_LEASE_SECONDS = 900
"""Deleting the rows of the old version is one transaction that can't renew its lease: as long as a Lambda can live."""

# any state but a live worker's --> PROCESSING, still speaking of the old version
_CLAIM_FOR_REPLACEMENT: LiteralString = f"""
WITH claimed AS (
    UPDATE processed_files SET
        status = 'PROCESSING',
        version = version + 1,
        lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s),
        next_attempt_at = NULL,
        next_etag = %(etag)s,
        next_version_id = %(version_id)s,
        last_attempt_at = clock_timestamp(),
        ignored_at = NULL,
        ignored_reason = NULL,
        updated_at = clock_timestamp()
    WHERE id = %(file_id)s AND version = %(version)s
      AND (status <> 'PROCESSING' OR lease_expires_at <= clock_timestamp())
    RETURNING *
), recorded AS (
    INSERT INTO file_events (file_id, version, event) SELECT id, version, 'claimed' FROM claimed
)
SELECT {CLAIM_COLUMNS} FROM claimed
"""

# PROCESSING (old version) --> PROCESSING (new version), from its first byte
_ADOPT: LiteralString = f"""
WITH adopted AS (
    UPDATE processed_files SET
        version = version + 1,
        attempts = 1,
        failures = 0,
        failing_since = NULL,
        lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s),
        checkpoint = 0,
        checkpoint_offset = 0,
        rows_loaded = 0,
        rows_rejected = 0,
        accept_rejects = false,
        first_log_at = NULL,
        last_log_at = NULL,
        etag = %(etag)s,
        version_id = %(version_id)s,
        size_bytes = %(size_bytes)s,
        event_time = %(event_time)s,
        next_etag = NULL,
        next_version_id = NULL,
        error = NULL,
        error_kind = NULL,
        processed_at = NULL,
        updated_at = clock_timestamp()
    WHERE {FENCE}
    RETURNING *
), recorded AS (
    INSERT INTO file_events (file_id, version, event, rows) SELECT id, version, 'replaced', %(unloaded)s FROM adopted
)
SELECT {CLAIM_COLUMNS} FROM adopted
"""

# whatever the state, the file is looked at again and the current version taken; FAILED (permanent) --> PENDING
_ANNOUNCE: LiteralString = """
WITH announced AS (
    UPDATE processed_files SET
        status = CASE WHEN status = 'FAILED' THEN 'PENDING' ELSE status END,
        attempts = CASE WHEN status = 'FAILED' THEN 0 ELSE attempts END,
        next_etag = %(etag)s,
        next_version_id = %(version_id)s,
        next_attempt_at = CASE WHEN status <> 'PROCESSING' THEN clock_timestamp() END,
        ignored_at = NULL,
        ignored_reason = NULL,
        updated_at = clock_timestamp()
    WHERE bucket = %(bucket)s AND s3_key = %(key)s
      AND etag IS DISTINCT FROM %(etag)s AND next_etag IS DISTINCT FROM %(etag)s
      AND NOT (status = 'COMPLETED' AND %(skip_newer)s)
    RETURNING id, version
)
INSERT INTO file_events (file_id, version, event)
SELECT id, version, 'newer version announced' FROM announced
RETURNING file_id
"""

_FORGET_ANNOUNCED: LiteralString = """
UPDATE processed_files SET
    next_etag = NULL, next_version_id = NULL,
    next_attempt_at = CASE WHEN status = 'COMPLETED' THEN NULL ELSE next_attempt_at END,
    updated_at = clock_timestamp()
WHERE id = %(file_id)s AND version = %(version)s AND next_etag IS NOT NULL
"""


def claim_for_replacement(
    connection: Connection, *, file_id: int, version: int, current: SourceFile
) -> Claim | None:
    """None when the row changed meanwhile. The claim still speaks of the old version."""
    parameters = {
        "file_id": file_id,
        "version": version,
        "etag": current.etag or "unknown",
        "version_id": current.version_id,
        "lease": REPLACEMENT_LEASE_SECONDS,
    }
    with connection.cursor(row_factory=class_row(ClaimRow)) as cursor:
        row = cursor.execute(_CLAIM_FOR_REPLACEMENT, parameters).fetchone()
    return row.claim if row else None


def adopt_version(
    connection: Connection, claim: Claim, current: SourceFile, *, unloaded_rows: int, lease_seconds: float
) -> Claim:
    """In the transaction that took the old version's rows out. Raises ClaimLostError."""
    parameters = {
        "file_id": claim.file_id,
        "version": claim.version,
        "checkpoint": claim.checkpoint,
        "etag": current.etag,
        "version_id": current.version_id,
        "size_bytes": current.size_bytes,
        "event_time": current.event_time,
        "unloaded": unloaded_rows,
        "lease": lease_seconds,
    }
    with connection.cursor(row_factory=class_row(ClaimRow)) as cursor:
        row = cursor.execute(_ADOPT, parameters).fetchone()
    if row is None:
        raise ClaimLostError(
            f"{claim.file.uri}: claim {claim.version} ended before its new version was taken"
        )
    return row.claim


def announce_version(connection: Connection, file: SourceFile, *, skip_newer: bool) -> bool:
    """Has the key looked at again, because `file` may be a version the ledger doesn't know.

    False: it is the version in hand, or announced already, or a completed key that `skip_newer` leaves as it is, or
    the key is unknown.
    """
    if file.etag is None:
        return False
    parameters = {
        "bucket": file.bucket,
        "key": file.key,
        "etag": file.etag,
        "version_id": file.version_id,
        "skip_newer": skip_newer,
    }
    return connection.execute(_ANNOUNCE, parameters).fetchone() is not None


def forget_announced_version(connection: Connection, *, file_id: int, version: int) -> None:
    """The announced version was stale: the key still has the version in hand, or is gone."""
    connection.execute(_FORGET_ANNOUNCED, {"file_id": file_id, "version": version})
