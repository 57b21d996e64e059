"""Checkpoints: the fence, last in each chunk's transaction, must hit one row, or the transaction is rolled back.

It comes last. Earlier, it would block claimers, and hide the row from SKIP LOCKED, for as long as the COPY takes.
All four conditions are needed: with the version alone a late `fail` overwrites COMPLETED, and a repeated chunk passes.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any, LiteralString

from ingestor.database import Connection
from ingestor.errors import ClaimLostError
from ingestor.ledger.after_load import AfterAction
from ingestor.ledger.rows import Claim

FENCE: LiteralString = """
    id = %(file_id)s AND version = %(version)s AND status = 'PROCESSING' AND checkpoint = %(checkpoint)s
"""

# PROCESSING --chunk--> PROCESSING: the checkpoint moves, the lease is renewed
_ADVANCE: LiteralString = f"""
WITH advanced AS (
    UPDATE processed_files SET
        checkpoint = checkpoint + %(rows)s + %(rejected)s + %(dropped)s,
        checkpoint_offset = %(end_offset)s,
        rows_loaded = rows_loaded + %(rows)s,
        rows_rejected = rows_rejected + %(rejected)s,
        rows_dropped = rows_dropped + %(dropped)s,
        unknown_fields = unknown_fields + %(unknown_fields)s,
        format = %(format)s,
        format_reason = %(format_reason)s,
        pipeline = %(pipeline)s,
        first_log_at = least(first_log_at, %(first_log_at)s),
        last_log_at = greatest(last_log_at, %(last_log_at)s),
        attempts = 0,
        failures = 0,
        failing_since = NULL,
        lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s),
        updated_at = clock_timestamp()
    WHERE {FENCE}
    RETURNING id, version
)
INSERT INTO file_events (file_id, version, event, rows)
SELECT id, version, 'checkpoint', %(rows)s FROM advanced
RETURNING file_id
"""

# An object of which an entry was rejected stays, and so does one whose next version waits: its key is in use.
_MAY_GO: LiteralString = (
    "%(after)s::text IS NOT NULL AND rows_rejected + %(rejected)s = 0 AND next_etag IS NULL"
)

# PROCESSING --last chunk--> COMPLETED; a version announced meanwhile is dropped (skip) or due at once (replace)
_COMPLETE: LiteralString = f"""
WITH before AS (
    SELECT next_etag FROM processed_files WHERE id = %(file_id)s
), completed AS (
    UPDATE processed_files SET
        status = 'COMPLETED',
        checkpoint = checkpoint + %(rows)s + %(rejected)s + %(dropped)s,
        checkpoint_offset = %(end_offset)s,
        rows_loaded = rows_loaded + %(rows)s,
        rows_rejected = rows_rejected + %(rejected)s,
        rows_dropped = rows_dropped + %(dropped)s,
        unknown_fields = unknown_fields + %(unknown_fields)s,
        format = %(format)s,
        format_reason = %(format_reason)s,
        pipeline = %(pipeline)s,
        first_log_at = least(first_log_at, %(first_log_at)s),
        last_log_at = greatest(last_log_at, %(last_log_at)s),
        attempts = 0,
        failures = 0,
        failing_since = NULL,
        lease_expires_at = NULL,
        next_attempt_at = CASE WHEN next_etag IS NOT NULL AND NOT %(skip_newer)s THEN clock_timestamp() END,
        next_etag = CASE WHEN NOT %(skip_newer)s THEN next_etag END,
        next_version_id = CASE WHEN NOT %(skip_newer)s THEN next_version_id END,
        pipeline_voids = 0,
        after_action = CASE WHEN {_MAY_GO} THEN %(after)s END,
        after_due_at = CASE WHEN {_MAY_GO} THEN clock_timestamp() END,
        error = NULL,
        error_kind = NULL,
        processed_at = clock_timestamp(),
        updated_at = clock_timestamp()
    WHERE {FENCE}
    RETURNING id, version, next_etag, extract(epoch FROM processed_at - event_time)::float8 AS lag_seconds
), recorded AS (
    INSERT INTO file_events (file_id, version, event, rows)
    SELECT id, version, 'completed', %(rows)s FROM completed
    UNION ALL
    SELECT completed.id, version, 'newer version skipped', NULL
    FROM completed, before WHERE %(skip_newer)s AND before.next_etag IS NOT NULL
)
SELECT next_etag IS NOT NULL, lag_seconds FROM completed
"""

_RENEW: LiteralString = f"""
UPDATE processed_files
SET lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s), updated_at = clock_timestamp()
WHERE {FENCE} RETURNING id
"""

_SETTLE: LiteralString = """
SELECT version, status, checkpoint FROM processed_files WHERE id = %(file_id)s FOR UPDATE
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """What one chunk added; `end_offset` is where the next entry is looked for.

    `format`, `format_reason` and `pipeline` say how its entries were read.
    """

    rows: int
    rejected: int
    end_offset: int
    first_log_at: datetime | None
    last_log_at: datetime | None
    dropped: int = 0
    unknown_fields: int = 0
    format: str = "json"
    format_reason: str = ""
    pipeline: str = "json"

    @property
    def entries(self) -> int:
        return self.rows + self.rejected + self.dropped


@dataclass(frozen=True, slots=True)
class Completion:
    """`newer_waits`: another object version is to be taken now. The lag is from the upload to here, if known."""

    newer_waits: bool
    lag_seconds: float | None


class Settlement(Enum):
    """What became of a chunk whose COMMIT was not answered."""

    COMMITTED = auto()
    NOT_COMMITTED = auto()
    CLAIM_LOST = auto()


def advance(connection: Connection, claim: Claim, progress: Progress, *, lease_seconds: float) -> None:
    """Raises ClaimLostError."""
    parameters = fence_of(claim) | _progress(progress) | {"lease": lease_seconds}
    if connection.execute(_ADVANCE, parameters).fetchone() is None:
        raise lost(claim)


def complete(
    connection: Connection,
    claim: Claim,
    progress: Progress,
    *,
    skip_newer: bool,
    after: AfterAction | None = None,
) -> Completion:
    """`after`: what is done to the object then. Raises ClaimLostError."""
    parameters = fence_of(claim) | _progress(progress) | {"skip_newer": skip_newer, "after": after}
    row = connection.execute(_COMPLETE, parameters).fetchone()
    if row is None:
        raise lost(claim)
    return Completion(*row)


def renew(connection: Connection, claim: Claim, *, lease_seconds: float) -> None:
    """Renews the lease without a chunk. Raises ClaimLostError."""
    if connection.execute(_RENEW, fence_of(claim) | {"lease": lease_seconds}).fetchone() is None:
        raise lost(claim)


def settle(connection: Connection, before: Claim, after: Claim | None, *, completing: bool) -> Settlement:
    """Finds out whether a chunk whose transaction broke was committed. FOR UPDATE waits for a COMMIT on its way.

    `after` is None when the fence was not reached.
    """
    row = connection.execute(_SETTLE, {"file_id": before.file_id}).fetchone()
    if row is None or row[0] != before.version:
        return Settlement.CLAIM_LOST
    status, checkpoint = row[1], row[2]
    expected = "COMPLETED" if completing else "PROCESSING"
    if after is not None and status == expected and checkpoint == after.checkpoint:
        return Settlement.COMMITTED
    if status == "PROCESSING" and checkpoint == before.checkpoint:
        return Settlement.NOT_COMMITTED
    return Settlement.CLAIM_LOST


def moved(claim: Claim, progress: Progress) -> Claim:
    """The claim as it is once the chunk is committed."""
    return replace(
        claim,
        checkpoint=claim.checkpoint + progress.entries,
        checkpoint_offset=progress.end_offset,
        rows_loaded=claim.rows_loaded + progress.rows,
        rows_rejected=claim.rows_rejected + progress.rejected,
        rows_dropped=claim.rows_dropped + progress.dropped,
        unknown_fields=claim.unknown_fields + progress.unknown_fields,
        pipeline=progress.pipeline,
    )


def fence_of(claim: Claim) -> dict[str, Any]:
    return {"file_id": claim.file_id, "version": claim.version, "checkpoint": claim.checkpoint}


def _progress(progress: Progress) -> dict[str, Any]:
    return {
        "rows": progress.rows,
        "rejected": progress.rejected,
        "dropped": progress.dropped,
        "unknown_fields": progress.unknown_fields,
        "format": progress.format,
        "format_reason": progress.format_reason,
        "pipeline": progress.pipeline,
        "end_offset": progress.end_offset,
        "first_log_at": progress.first_log_at,
        "last_log_at": progress.last_log_at,
    }


def lost(claim: Claim) -> ClaimLostError:
    return ClaimLostError(
        f"{claim.file.uri}: claim {claim.version} at entry {claim.checkpoint} is no longer ours"
    )
