"""A claimed file begins again at its first byte, for another version of the object or another pipeline."""

from collections.abc import Mapping
from typing import LiteralString

from psycopg.rows import class_row

from ingestor.database import Connection
from ingestor.ledger.checkpoint import FENCE, fence_of, lost
from ingestor.ledger.claim import AnotherVersion
from ingestor.ledger.rows import CLAIM_COLUMNS, FROM_THE_FIRST_ENTRY, Claim, ClaimRow
from ingestor.ledger.wear import ATTEMPTS
from ingestor.model.source_file import SourceFile

# any state but a live worker's --> PROCESSING, still speaking of the old object version
_CLAIM_FOR_REPLACEMENT: LiteralString = f"""
WITH claimed AS (
    UPDATE processed_files f SET
        status = 'PROCESSING',
        version = version + 1,
        attempts = CASE WHEN status = 'FAILED' AND error_kind = 'permanent' THEN 1 ELSE {ATTEMPTS} + 1 END,
        lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s),
        next_attempt_at = NULL,
        after_action = NULL,
        after_due_at = NULL,
        next_etag = %(etag)s,
        next_version_id = %(version_id)s,
        last_attempt_at = clock_timestamp(),
        ignored_at = NULL,
        ignored_reason = NULL,
        updated_at = clock_timestamp()
    WHERE id = %(file_id)s AND version = %(version)s AND announcements = %(announcements)s
      AND (status <> 'PROCESSING' OR lease_expires_at <= clock_timestamp())
    RETURNING *
), recorded AS (
    INSERT INTO file_events (file_id, version, event) SELECT id, version, 'claimed' FROM claimed
)
SELECT {CLAIM_COLUMNS} FROM claimed
"""

# Announced since the key was looked at, and not the version that is taken now.
_IS_NEWS: LiteralString = "announcements > %(announcements)s AND next_etag IS DISTINCT FROM %(etag)s"

# PROCESSING (old object version) --> PROCESSING (new object version), from its first byte
_ADOPT: LiteralString = f"""
WITH adopted AS (
    UPDATE processed_files SET
        version = version + 1,
        attempts = 1,
        failures = 0,
        failing_since = NULL,
        lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s),
        {FROM_THE_FIRST_ENTRY},
        pipeline_voids = 0,
        accept_rejects = false,
        etag = %(etag)s,
        version_id = %(version_id)s,
        size_bytes = %(size_bytes)s,
        event_time = %(uploaded_at)s,
        next_etag = CASE WHEN {_IS_NEWS} THEN next_etag END,
        next_version_id = CASE WHEN {_IS_NEWS} THEN next_version_id END,
        error = NULL,
        error_kind = NULL,
        processed_at = NULL,
        object_deleted_at = NULL,
        updated_at = clock_timestamp()
    WHERE {FENCE}
    RETURNING *
), recorded AS (
    INSERT INTO file_events (file_id, version, event, rows) SELECT id, version, 'replaced', %(unloaded)s FROM adopted
)
SELECT {CLAIM_COLUMNS} FROM adopted
"""

# PROCESSING (through one pipeline) --> PROCESSING (through another), from its first byte
_VOID: LiteralString = f"""
WITH voided AS (
    UPDATE processed_files SET
        version = version + 1,
        lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s),
        {FROM_THE_FIRST_ENTRY},
        pipeline_voids = pipeline_voids + 1,
        updated_at = clock_timestamp()
    WHERE {FENCE}
    RETURNING *
), recorded AS (
    INSERT INTO file_events (file_id, version, event, rows, error)
    SELECT id, version, 'voided', %(unloaded)s, format('loaded through %%s; now %%s', %(before)s::text, %(after)s::text)
    FROM voided
)
SELECT {CLAIM_COLUMNS} FROM voided
"""


def claim_for_replacement(
    connection: Connection, other: AnotherVersion, current: SourceFile, *, lease_seconds: float
) -> Claim | None:
    """Claims the file while its row still has the old object version. None: the row changed meanwhile."""
    parameters = {
        "file_id": other.file_id,
        "version": other.version,
        "announcements": other.announcements,
        "etag": current.etag or "unknown",
        "version_id": current.version_id,
        "lease": lease_seconds,
    }
    with connection.cursor(row_factory=class_row(ClaimRow)) as cursor:
        row = cursor.execute(_CLAIM_FOR_REPLACEMENT, parameters).fetchone()
    return row.claim if row else None


def adopt_version(
    connection: Connection, claim: Claim, *, current: SourceFile, unloaded_rows: int, lease_seconds: float
) -> Claim:
    """Puts the new object version in the row, in the transaction that deleted the old rows. A later announcement stays.

    Raises ClaimLostError.
    """
    parameters = {
        "announcements": claim.announcements,
        "etag": current.etag,
        "version_id": current.version_id,
        "size_bytes": current.size_bytes,
        "uploaded_at": current.uploaded_at,
        "unloaded": unloaded_rows,
        "lease": lease_seconds,
    }
    return _restarted(connection, _ADOPT, parameters, claim)


def void_checkpoint(
    connection: Connection, claim: Claim, *, pipeline: str, unloaded_rows: int, lease_seconds: float
) -> Claim:
    """Sets the checkpoint to 0, in the transaction that deleted the other pipeline's rows. Raises ClaimLostError."""
    parameters = {
        "before": claim.pipeline,
        "after": pipeline,
        "unloaded": unloaded_rows,
        "lease": lease_seconds,
    }
    return _restarted(connection, _VOID, parameters, claim)


def _restarted(
    connection: Connection, statement: LiteralString, parameters: Mapping[str, object], claim: Claim
) -> Claim:
    with connection.cursor(row_factory=class_row(ClaimRow)) as cursor:
        row = cursor.execute(statement, {**fence_of(claim), **parameters}).fetchone()
    if row is None:
        raise lost(claim)
    return row.claim
