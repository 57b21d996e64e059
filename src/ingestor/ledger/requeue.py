"""Re-queuing finds files that are due: after a transient failure, with an expired lease, or never started."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import LiteralString

from psycopg.rows import class_row

from ingestor.database import Connection
from ingestor.ledger.ending import REQUEUE_SECONDS
from ingestor.ledger.rows import FileColumns
from ingestor.ledger.wear import ATTEMPTS, IS_WORN_OUT, WEAR_OUT
from ingestor.model.source_file import SourceFile, Store

# statement_timestamp(), not clock_timestamp(): the latter is volatile, and no index serves a volatile comparison.
_IS_DUE: LiteralString = "coalesce(f.lease_expires_at, f.next_attempt_at) <= statement_timestamp()"
# Nobody sends a local file again, and a bucket that is not ours any more refuses every message.
_IS_OURS: LiteralString = """
    f.store <> 'file' AND (%(any_bucket)s OR f.bucket = ANY(%(buckets)s))
"""

# PENDING, FAILED (transient), PROCESSING (lease expired), each due --> PENDING, to be sent again;
# with every attempt used up --> FAILED (permanent); COMPLETED, a newer version waiting --> the same, to be sent again
_REQUEUE: LiteralString = f"""
WITH due AS (
    SELECT f.id, {IS_WORN_OUT} AS is_worn_out
    FROM processed_files f WHERE {_IS_DUE} AND {_IS_OURS}
    ORDER BY coalesce(f.lease_expires_at, f.next_attempt_at)
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), worn_out AS (
    UPDATE processed_files f SET {WEAR_OUT}
    FROM due WHERE f.id = due.id AND due.is_worn_out
    RETURNING f.*, true AS is_worn_out
), moved AS (
    UPDATE processed_files f SET
        status = CASE WHEN f.status = 'COMPLETED' THEN 'COMPLETED' ELSE 'PENDING' END,
        version = f.version + 1,
        attempts = {ATTEMPTS},
        lease_expires_at = NULL,
        next_attempt_at = clock_timestamp() + make_interval(secs => %(requeue)s),
        updated_at = clock_timestamp()
    FROM due WHERE f.id = due.id AND NOT due.is_worn_out
    RETURNING f.*, false AS is_worn_out
), done AS (
    SELECT * FROM worn_out UNION ALL SELECT * FROM moved
), recorded AS (
    INSERT INTO file_events (file_id, version, event, kind, error)
    SELECT id, version, CASE WHEN is_worn_out THEN 'failed' ELSE 're-queued' END,
           CASE WHEN is_worn_out THEN 'permanent' END, CASE WHEN is_worn_out THEN error END
    FROM done
)
SELECT store, bucket, s3_key, etag, version_id, size_bytes, event_time AS uploaded_at, is_worn_out
FROM done ORDER BY event_time, id
"""

# What a worker could claim now; a PENDING file's clock only says when somebody else would send it again.
_CLAIMABLE: LiteralString = f"""
SELECT f.id AS file_id, store, bucket, s3_key, etag, version_id, size_bytes, event_time AS uploaded_at
FROM processed_files f
WHERE f.store = %(store)s AND f.bucket = %(bucket)s AND starts_with(f.s3_key, %(prefix)s)
  AND coalesce(f.lease_expires_at, f.next_attempt_at) < 'infinity' AND (f.status = 'PENDING' OR {_IS_DUE})
  AND (coalesce(f.event_time, '-infinity'), f.id) > (coalesce(%(after_time)s::timestamptz, '-infinity'), %(after_id)s)
ORDER BY coalesce(f.event_time, '-infinity'), f.id
LIMIT %(limit)s
"""

# A ledger that was filled a moment ago has no statistics yet. The planner then expects a handful of rows, and would
# read and sort all that wait for each page.
_IN_ORDER: LiteralString = "SELECT set_config('enable_sort', 'off', true)"


@dataclass(frozen=True, slots=True)
class _MovedRow(FileColumns):
    is_worn_out: bool


@dataclass(frozen=True, slots=True)
class _ClaimableRow(FileColumns):
    file_id: int


@dataclass(frozen=True, slots=True)
class RequeuedPage:
    """`files` are to be sent, oldest first; `worn_out` more have failed for good. `seen` counts both."""

    files: list[SourceFile]
    worn_out: int

    @property
    def seen(self) -> int:
        return len(self.files) + self.worn_out


@dataclass(frozen=True, slots=True)
class DueFile:
    file_id: int
    file: SourceFile


def requeue_due(
    connection: Connection, *, limit: int, max_attempts: int, buckets: Collection[str]
) -> RequeuedPage:
    """Re-queues at most `limit` files that are due. Rows that another transaction has locked are passed over.

    `buckets`: none means any. Commit, then send: what is not sent is due again in REQUEUE_SECONDS.
    """
    parameters = _ours(buckets) | {
        "limit": limit,
        "max_attempts": max_attempts,
        "requeue": REQUEUE_SECONDS,
    }
    with connection.cursor(row_factory=class_row(_MovedRow)) as cursor:
        rows = cursor.execute(_REQUEUE, parameters).fetchall()
    return RequeuedPage(
        [row.file for row in rows if not row.is_worn_out], sum(row.is_worn_out for row in rows)
    )


def due_files(
    connection: Connection,
    *,
    limit: int,
    bucket: str,
    prefix: str,
    after: DueFile | None,
    store: Store = Store.S3,
) -> list[DueFile]:
    """The files that can be claimed now, the oldest upload first. It changes nothing.

    `after`: the last file of the page before. It is alone in its transaction.
    """
    parameters = {
        "store": store.value,
        "bucket": bucket,
        "prefix": prefix,
        "after_time": after.file.uploaded_at if after else None,
        "after_id": after.file_id if after else 0,
        "limit": limit,
    }
    connection.execute(_IN_ORDER)
    with connection.cursor(row_factory=class_row(_ClaimableRow)) as cursor:
        rows = cursor.execute(_CLAIMABLE, parameters).fetchall()
    return [DueFile(row.file_id, row.file) for row in rows]


def _ours(buckets: Collection[str]) -> dict[str, object]:
    return {"any_bucket": not buckets, "buckets": list(buckets)}
