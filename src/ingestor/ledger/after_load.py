"""What a rule wants done to an object once it is loaded. The ledger remembers it until it is done.

COMPLETED, after_action --due--> begun (a deletion is recorded before it is asked for) --done--> COMPLETED, nothing left
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import LiteralString

from psycopg.rows import class_row

from ingestor.database import Connection
from ingestor.ledger.rows import FileColumns
from ingestor.model.source_file import SourceFile

RETRY_SECONDS = 900
"""What was begun is due again after that, if nobody said that it is done."""

_BEGIN: LiteralString = """
WITH due AS (
    SELECT id FROM processed_files
    WHERE after_due_at <= statement_timestamp() AND status = 'COMPLETED' AND next_etag IS NULL AND store <> 'file'
      AND (%(any_bucket)s OR bucket = ANY(%(buckets)s))
    ORDER BY after_due_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE processed_files f SET
    after_due_at = clock_timestamp() + make_interval(secs => %(retry)s),
    object_deleted_at = CASE WHEN after_action = 'delete' THEN coalesce(object_deleted_at, clock_timestamp()) END,
    updated_at = clock_timestamp()
FROM due WHERE f.id = due.id
RETURNING f.id AS file_id, version, store, bucket, s3_key, etag, version_id, size_bytes,
    f.event_time AS uploaded_at, after_action
"""

_END: LiteralString = """
WITH ended AS (
    UPDATE processed_files SET
        after_action = NULL,
        after_due_at = NULL,
        object_deleted_at = CASE WHEN %(event)s = 'object deleted' THEN object_deleted_at END,
        updated_at = clock_timestamp()
    WHERE id = %(file_id)s AND version = %(version)s AND after_action = %(action)s
    RETURNING id, version
)
INSERT INTO file_events (file_id, version, event, error) SELECT id, version, %(event)s, %(why)s FROM ended
RETURNING file_id
"""


class AfterAction(StrEnum):
    """What `processed_files.after_action` holds."""

    TAG = "tag"
    DELETE = "delete"


class AfterEnding(StrEnum):
    """The event that ends it."""

    TAGGED = "object tagged"
    DELETED = "object deleted"
    KEPT = "object kept"


@dataclass(frozen=True, slots=True)
class LoadedObject:
    """A COMPLETED file, whose rows are all in, and what is to be done to its object."""

    file_id: int
    version: int
    file: SourceFile
    action: AfterAction


@dataclass(frozen=True, slots=True)
class _LoadedRow(FileColumns):
    file_id: int
    version: int
    after_action: str


def begin_after_load(connection: Connection, *, limit: int, buckets: Collection[str]) -> list[LoadedObject]:
    """Commit before the store is asked: a deletion must be on record first, so that nobody reloads the file."""
    parameters = {
        "any_bucket": not buckets,
        "buckets": list(buckets),
        "limit": limit,
        "retry": RETRY_SECONDS,
    }
    with connection.cursor(row_factory=class_row(_LoadedRow)) as cursor:
        rows = cursor.execute(_BEGIN, parameters).fetchall()
    return [LoadedObject(row.file_id, row.version, row.file, AfterAction(row.after_action)) for row in rows]


def end_after_load(
    connection: Connection, loaded: LoadedObject, ending: AfterEnding, why: str | None = None
) -> bool:
    """`why`: of an object that is kept. False: another object version was taken meanwhile."""
    parameters = {
        "file_id": loaded.file_id,
        "version": loaded.version,
        "action": loaded.action.value,
        "event": ending.value,
        "why": why,
    }
    return connection.execute(_END, parameters).fetchone() is not None


def object_deleted_at(connection: Connection, file_id: int) -> datetime | None:
    """None: its object is not deleted by a rule."""
    row = connection.execute(
        "SELECT object_deleted_at FROM processed_files WHERE id = %(file_id)s", {"file_id": file_id}
    ).fetchone()
    return row[0] if row else None
