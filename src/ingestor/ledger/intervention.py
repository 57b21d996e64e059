"""What a person does to a file: retry it, load it once more, or settle its failure."""

from collections.abc import Mapping
from typing import LiteralString

from psycopg.rows import class_row

from ingestor.database import Connection
from ingestor.ledger.ending import REQUEUE_SECONDS
from ingestor.ledger.history import RECORD, FileRecord, records
from ingestor.ledger.rows import CLAIM_COLUMNS, FROM_THE_FIRST_ENTRY, ClaimRow
from ingestor.model.source_file import SourceFile

# FAILED --retry--> PENDING, with its checkpoint, to be sent again
_REOPEN: LiteralString = f"""
WITH reopened AS (
    UPDATE processed_files SET
        status = 'PENDING', version = version + 1, attempts = 0, failures = 0, failing_since = NULL,
        pipeline_voids = 0,
        next_attempt_at = clock_timestamp() + make_interval(secs => %(requeue)s),
        accept_rejects = accept_rejects OR %(accept_rejects)s,
        ignored_at = NULL, ignored_reason = NULL, updated_at = clock_timestamp()
    WHERE id = %(file_id)s AND status = 'FAILED'
    RETURNING *
), recorded AS (
    INSERT INTO file_events (file_id, version, event) SELECT id, version, 'reopened' FROM reopened
)
SELECT {CLAIM_COLUMNS} FROM reopened
"""

# COMPLETED, FAILED, PENDING --reload--> PENDING, from its first byte
_START_OVER: LiteralString = f"""
WITH reset AS (
    UPDATE processed_files SET
        status = 'PENDING', version = version + 1, attempts = 0, failures = 0, failing_since = NULL,
        next_attempt_at = clock_timestamp() + make_interval(secs => %(requeue)s),
        {FROM_THE_FIRST_ENTRY}, pipeline_voids = 0, processed_at = NULL,
        error = NULL, error_kind = NULL, ignored_at = NULL, ignored_reason = NULL,
        after_action = NULL, after_due_at = NULL, updated_at = clock_timestamp()
    WHERE id = %(file_id)s AND status <> 'PROCESSING' AND object_deleted_at IS NULL
    RETURNING *
)
SELECT {CLAIM_COLUMNS} FROM reset
"""
_ROWS_LOCKED: LiteralString = "SELECT rows_loaded FROM processed_files WHERE id = %(file_id)s FOR UPDATE"
_RECORD_UNLOADED: LiteralString = """
INSERT INTO file_events (file_id, version, event, rows)
SELECT id, version, 'unloaded', %(rows)s FROM processed_files WHERE id = %(file_id)s
"""

# FAILED (permanent) --ignore--> the same, and nobody is asked any more
_IGNORE: LiteralString = """
WITH ignored AS (
    UPDATE processed_files SET
        ignored_at = clock_timestamp(), ignored_reason = %(reason)s, updated_at = clock_timestamp()
    WHERE id = %(file_id)s AND status = 'FAILED' AND error_kind = 'permanent'
    RETURNING id, version
)
INSERT INTO file_events (file_id, version, event, error)
SELECT id, version, 'ignored', %(reason)s FROM ignored
RETURNING file_id
"""

_FAILED: LiteralString = f"""
SELECT {RECORD} FROM processed_files
WHERE status = 'FAILED' AND ignored_at IS NULL
  AND (%(matching)s = '' OR strpos(lower(s3_key), lower(%(matching)s)) > 0
       OR strpos(lower(error), lower(%(matching)s)) > 0)
  AND (%(kind)s = '' OR error_kind = %(kind)s)
  AND id > %(after_id)s
ORDER BY id LIMIT %(limit)s
"""

_END_LEASES: LiteralString = """
UPDATE processed_files SET lease_expires_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE status = 'PROCESSING' AND lease_expires_at > clock_timestamp()
"""


def reopen(connection: Connection, file_id: int, *, accept_rejects: bool) -> SourceFile | None:
    """Makes a FAILED file PENDING, and returns it, to be sent after the commit. None: it isn't FAILED any more."""
    parameters = {"file_id": file_id, "accept_rejects": accept_rejects, "requeue": REQUEUE_SECONDS}
    return _file(connection, _REOPEN, parameters)


def rows_of_locked_file(connection: Connection, file_id: int) -> int | None:
    """Locks the file's row until the transaction ends, and returns its number of loaded rows. None: no such file."""
    row = connection.execute(_ROWS_LOCKED, {"file_id": file_id}).fetchone()
    return None if row is None else int(row[0])


def start_over(connection: Connection, file_id: int) -> SourceFile | None:
    """Has the file loaded again from its first byte; None: a worker holds it, or its object is deleted.

    It locks the row, so it comes first in the transaction that deletes the file's rows.
    """
    return _file(connection, _START_OVER, {"file_id": file_id, "requeue": REQUEUE_SECONDS})


def record_unloaded(connection: Connection, file_id: int, rows: int) -> None:
    connection.execute(_RECORD_UNLOADED, {"file_id": file_id, "rows": rows})


def end_leases(connection: Connection) -> None:
    """Ends every lease. Only a caller who knows that no worker lives may do this."""
    connection.execute(_END_LEASES)


def ignore(connection: Connection, file_id: int, reason: str) -> bool:
    """Marks a permanent failure as ignored. False: it is no permanent failure any more."""
    row = connection.execute(
        _IGNORE, {"file_id": file_id, "reason": reason.replace("\x00", "\ufffd")}
    ).fetchone()
    return row is not None


def failed_files(
    connection: Connection, *, matching: str = "", kind: str = "", after_id: int = 0, limit: int = 1_000
) -> list[FileRecord]:
    """The FAILED files that are not ignored, in the order of ids. `matching` is searched in keys and errors."""
    return records(
        connection, _FAILED, {"matching": matching, "kind": kind, "after_id": after_id, "limit": limit}
    )


def _file(
    connection: Connection, query: LiteralString, parameters: Mapping[str, object]
) -> SourceFile | None:
    with connection.cursor(row_factory=class_row(ClaimRow)) as cursor:
        row = cursor.execute(query, parameters).fetchone()
    return None if row is None else row.file
