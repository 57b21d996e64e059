"""The file's advisory lock: a transaction that writes rows of a file holds it until it ends.

A worker stopped inside COPY obeys no statement timeout. The lock tells which backend is its, so that it can be ended.
"""

from typing import Any, LiteralString

from ingestor.database import Connection
from ingestor.ledger.checkpoint import FENCE, fence_of, lost
from ingestor.ledger.rows import Claim
from ingestor.model.source_file import SourceFile


def _key(file_id: LiteralString) -> LiteralString:
    """The lock's key. It contains the schema: two installations in one database must not end each other's sessions."""
    return f"hashtextextended(current_schema() || '/' || ({file_id})::bigint, 0)"


_TRY_LOCK: LiteralString = f"SELECT pg_try_advisory_xact_lock({_key('%(file_id)s')})"
_LOCK: LiteralString = f"SELECT pg_advisory_xact_lock({_key('%(file_id)s')})"
_IS_CLAIMED: LiteralString = f"SELECT FROM processed_files WHERE {FENCE}"

# Only backends that this role may end: asking for another's would be refused (42501) and fail whoever asked.
_END_HOLDERS: LiteralString = f"""
SELECT count(pg_terminate_backend(l.pid))
FROM processed_files f
JOIN pg_locks l ON l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND l.pid <> pg_backend_pid()
 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
 AND (l.classid::bigint << 32 | l.objid::bigint) = {_key("f.id")}
JOIN pg_stat_activity a ON a.pid = l.pid
JOIN pg_roles r ON r.oid = a.usesysid
 AND (pg_has_role(r.oid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE'))
 AND (NOT r.rolsuper OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
WHERE f.status = 'PROCESSING'
"""
_END_PREDECESSOR: LiteralString = f"""{_END_HOLDERS}
  AND f.id = %(file_id)s AND f.version = %(version)s AND f.checkpoint = %(checkpoint)s
"""
# A worker that was stopped between its fence and its COMMIT still locks the row: its lease is over, so end it.
_EVICT_EXPIRED: LiteralString = f"""{_END_HOLDERS}
  AND f.store = %(store)s AND f.bucket = %(bucket)s AND f.s3_key = %(key)s
  AND f.lease_expires_at <= clock_timestamp()
"""
# ... and SKIP LOCKED would pass its row over for ever. The expression and statement_timestamp() are the due index'.
_EVICT_ALL_EXPIRED: LiteralString = f"""{_END_HOLDERS}
  AND coalesce(f.lease_expires_at, f.next_attempt_at) <= statement_timestamp()
"""


def lock_file(connection: Connection, claim: Claim) -> None:
    """Takes the file's lock. A stalled predecessor that holds it is ended.

    Raises ClaimLostError when the lock is taken because this claim is the stalled one.
    """
    parameters = fence_of(claim)
    if _is_true(connection, _TRY_LOCK, parameters):
        return
    check_claim(connection, claim)
    connection.execute(_END_PREDECESSOR, parameters)
    connection.execute(_LOCK, parameters)


def check_claim(connection: Connection, claim: Claim) -> None:
    """Raises ClaimLostError when the claim has ended. It may still end later: only the fence is certain."""
    if connection.execute(_IS_CLAIMED, fence_of(claim)).fetchone() is None:
        raise lost(claim)


def evict_expired_worker(connection: Connection, file: SourceFile) -> None:
    """Ends the backend of a worker that still holds the file's lock after its lease; alone in its transaction."""
    connection.execute(_EVICT_EXPIRED, {"store": file.store.value, "bucket": file.bucket, "key": file.key})


def evict_expired_workers(connection: Connection) -> int:
    """Ends the backends of workers whose lease is over and who still hold their file; how many there were."""
    row = connection.execute(_EVICT_ALL_EXPIRED).fetchone()
    return int(row[0]) if row else 0


def _is_true(connection: Connection, query: LiteralString, parameters: dict[str, Any]) -> bool:
    row = connection.execute(query, parameters).fetchone()
    return row is not None and row[0] is True
