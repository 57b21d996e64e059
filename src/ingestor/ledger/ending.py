"""The end of a claim: with a failure, or with the rest of the file still to load."""

from dataclasses import dataclass
from typing import LiteralString

from ingestor.database import Connection
from ingestor.errors import ClaimLostError, ErrorKind
from ingestor.ledger.checkpoint import FENCE
from ingestor.ledger.rows import Claim

BACKOFF_FIRST_SECONDS = 15
BACKOFF_CAP_SECONDS = 3600
REQUEUE_SECONDS = 900
"""A released or re-queued file isn't sent again while its message probably still waits."""

# PROCESSING --transient--> FAILED, due after a backoff with jitter; --permanent--> FAILED, due never;
# either --> PENDING at once when another object version waits: the failed one is not wanted any more
_FAIL: LiteralString = f"""
WITH failed AS (
    UPDATE processed_files SET
        status = CASE WHEN next_etag IS NULL THEN 'FAILED' ELSE 'PENDING' END,
        attempts = greatest(attempts - 1, 0),
        failures = failures + 1,
        lease_expires_at = NULL,
        next_attempt_at = CASE
            WHEN next_etag IS NOT NULL THEN clock_timestamp()
            WHEN %(kind)s = 'transient' THEN clock_timestamp() + make_interval(
                secs => least(%(first)s * 2 ^ least(failures, 12), %(cap)s) * (0.5 + random() / 2))
        END,
        error = %(error)s,
        error_kind = %(kind)s,
        failing_since = coalesce(failing_since, clock_timestamp()),
        updated_at = clock_timestamp()
    WHERE {FENCE}
    RETURNING id, version, extract(epoch FROM next_attempt_at - clock_timestamp()) AS due_in
), recorded AS (
    INSERT INTO file_events (file_id, version, event, kind, error)
    SELECT id, version, 'failed', %(kind)s, %(error)s FROM failed
)
SELECT due_in::float8 FROM failed
"""

# PROCESSING --short of time--> PENDING, with its checkpoint. A claim that moved nothing counts as an attempt.
_RELEASE: LiteralString = f"""
WITH released AS (
    UPDATE processed_files SET
        status = 'PENDING',
        attempts = CASE WHEN %(progressed)s THEN 0 ELSE attempts END,
        lease_expires_at = NULL,
        next_attempt_at = clock_timestamp() + make_interval(secs => %(requeue)s),
        updated_at = clock_timestamp()
    WHERE {FENCE}
    RETURNING id, version
)
INSERT INTO file_events (file_id, version, event)
SELECT id, version, 'released' FROM released
RETURNING file_id
"""

# PROCESSING --the database failed, not the worker--> PENDING: it doesn't count as an attempt
_GIVE_BACK: LiteralString = f"""
WITH released AS (
    UPDATE processed_files SET
        status = 'PENDING',
        attempts = greatest(attempts - 1, 0),
        lease_expires_at = NULL,
        next_attempt_at = clock_timestamp() + make_interval(secs => %(requeue)s),
        updated_at = clock_timestamp()
    WHERE {FENCE}
    RETURNING id, version
)
INSERT INTO file_events (file_id, version, event)
SELECT id, version, 'released' FROM released
RETURNING file_id
"""


# PROCESSING --its process is dead--> PENDING, with its checkpoint, wherever that is by now
_RELEASE_DEAD: LiteralString = """
WITH released AS (
    UPDATE processed_files SET
        status = 'PENDING',
        attempts = CASE WHEN %(counts)s THEN attempts ELSE greatest(attempts - 1, 0) END,
        lease_expires_at = NULL,
        next_attempt_at = clock_timestamp(),
        updated_at = clock_timestamp()
    WHERE id = %(file_id)s AND version = %(version)s AND status = 'PROCESSING'
    RETURNING id, version
)
INSERT INTO file_events (file_id, version, event, error)
SELECT id, version, 'released', %(why)s FROM released
RETURNING file_id
"""


@dataclass(frozen=True, slots=True)
class Ending:
    """When a failed file is due again, in seconds from now; None: not before a person or a new object version."""

    due_in_seconds: float | None


def fail(connection: Connection, claim: Claim, kind: ErrorKind, error: str) -> Ending:
    """Raises ClaimLostError."""
    parameters = {
        "file_id": claim.file_id,
        "version": claim.version,
        "checkpoint": claim.checkpoint,
        "kind": kind.value,
        # Postgres' text holds no NUL; an object key may.
        "error": error.replace("\x00", "\ufffd"),
        "first": BACKOFF_FIRST_SECONDS,
        "cap": BACKOFF_CAP_SECONDS,
    }
    row = connection.execute(_FAIL, parameters).fetchone()
    if row is None:
        raise ClaimLostError(f"{claim.file.uri}: its failure came after claim {claim.version} ended: {error}")
    return Ending(due_in_seconds=row[0])


def release(connection: Connection, claim: Claim, *, progressed: bool) -> None:
    """Raises ClaimLostError."""
    parameters = {
        "file_id": claim.file_id,
        "version": claim.version,
        "checkpoint": claim.checkpoint,
        "progressed": progressed,
        "requeue": REQUEUE_SECONDS,
    }
    if connection.execute(_RELEASE, parameters).fetchone() is None:
        raise ClaimLostError(f"{claim.file.uri}: released after claim {claim.version} ended")


def give_back(connection: Connection, claim: Claim) -> bool:
    """Gives the claim back after an outage; the message will come again. False: the claim had ended already."""
    parameters = {
        "file_id": claim.file_id,
        "version": claim.version,
        "checkpoint": claim.checkpoint,
        "requeue": REQUEUE_SECONDS,
    }
    return connection.execute(_GIVE_BACK, parameters).fetchone() is not None


def release_dead(connection: Connection, *, file_id: int, version: int, why: str, counts: bool) -> bool:
    """Ends the claim of a process that died, so that no lease has to run out. False: the claim had ended already.

    `counts`: as an attempt, because the file may have killed the process.
    """
    parameters = {"file_id": file_id, "version": version, "why": why, "counts": counts}
    return connection.execute(_RELEASE_DEAD, parameters).fetchone() is not None
