"""The ledger for people: one file's whole history, and how to find it. Nothing here writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row

from ingestor.database import Connection
from ingestor.ledger.rows import FileColumns
from ingestor.model.source_file import STANDARD_INPUT_KEY, SourceFile, Store

SHOWN_REASONS = 5
SHOWN_MATCHES = 20
SHOWN_EVENTS = 1_000

_BUCKET_PARTS: dict[str, int] = {Store.S3: 1, Store.GS: 1, Store.AZ: 2}
"""How many parts of a URI name the bucket: in Azure, the account and the container."""

RECORD: LiteralString = """
    id, store, bucket, s3_key, status, version, attempts, failures, checkpoint, checkpoint_offset,
    rows_loaded, rows_rejected, rows_dropped, first_log_at, last_log_at,
    size_bytes, etag, version_id, event_time AS uploaded_at, format, format_reason, pipeline, unknown_fields,
    next_etag IS NOT NULL AS newer_waits, error, error_kind, failing_since,
    ignored_at, ignored_reason, last_attempt_at, processed_at, created_at, updated_at,
    coalesce(lease_expires_at, next_attempt_at) AS due_at,
    extract(epoch FROM coalesce(lease_expires_at, next_attempt_at) - clock_timestamp())::float8 AS due_in_seconds,
    EXISTS (
        SELECT FROM listings
        WHERE listings.store = processed_files.store AND listings.bucket = processed_files.bucket
          AND purpose <> 'backfill'
          AND greatest(started_at, finished_at) > clock_timestamp() - interval '2 hours'
    ) AS is_watched
"""
_BY_KEY: LiteralString = f"""
SELECT {RECORD} FROM processed_files WHERE store = %(store)s AND bucket = %(bucket)s AND s3_key = %(key)s
"""
_EXACTLY: LiteralString = f"""
SELECT {RECORD} FROM processed_files
WHERE s3_key = %(asked)s OR (store = %(store)s AND bucket = %(bucket)s AND s3_key = %(key)s)
   OR (store = 'file' AND s3_key = %(path)s)
ORDER BY store, bucket, s3_key LIMIT %(limit)s
"""
_BY_SUFFIX: LiteralString = f"""
SELECT {RECORD} FROM processed_files
WHERE right(s3_key, length(%(asked)s)) = %(asked)s ORDER BY store, bucket, s3_key LIMIT %(limit)s
"""
# Of nothing, where the whole input is known already.
_SHORTER_INPUTS: LiteralString = """
SELECT s3_key AS key, size_bytes, rows_loaded FROM processed_files
WHERE store = 'file' AND bucket = 'file' AND starts_with(s3_key, %(beginning)s)
  AND size_bytes > 0 AND size_bytes < %(size_bytes)s AND rows_loaded > 0
  AND NOT EXISTS (SELECT FROM processed_files WHERE store = 'file' AND bucket = 'file' AND s3_key = %(key)s)
ORDER BY size_bytes
"""
_REASONS: LiteralString = """
SELECT ordinal, byte_offset, byte_length, error, substring(raw FOR 200) AS raw
FROM rejected_entries WHERE file_id = %(file_id)s ORDER BY ordinal LIMIT %(limit)s
"""
_EVENTS: LiteralString = """
SELECT at, version, event, kind, error, rows FROM (
    SELECT * FROM file_events WHERE file_id = %(file_id)s ORDER BY id DESC LIMIT %(limit)s
) AS newest ORDER BY id
"""
_ROWS_OF_LAST_CLAIM: LiteralString = """
SELECT coalesce(sum(e.rows), 0)::bigint
FROM processed_files f JOIN file_events e ON e.file_id = f.id AND e.version = f.version
WHERE f.id = %(file_id)s AND e.event IN ('checkpoint', 'completed')
"""


@dataclass(frozen=True, slots=True)
class FileRecord(FileColumns):
    """A row of the ledger. `due_in_seconds`, on the database's clock, is negative when `due_at` is over.

    `is_watched`: a sweep or a run listed the file's bucket in the last two hours. Such a one loads what is due. Where
    nobody did, nothing here continues the file.
    """

    id: int
    status: str
    version: int
    attempts: int
    failures: int
    checkpoint: int
    checkpoint_offset: int
    rows_loaded: int
    rows_rejected: int
    rows_dropped: int
    first_log_at: datetime | None
    last_log_at: datetime | None
    format: str | None
    format_reason: str | None
    pipeline: str | None
    unknown_fields: int
    newer_waits: bool
    error: str | None
    error_kind: str | None
    failing_since: datetime | None
    ignored_at: datetime | None
    ignored_reason: str | None
    last_attempt_at: datetime | None
    processed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    due_in_seconds: float | None
    is_watched: bool

    @property
    def is_local(self) -> bool:
        return self.file.is_local

    @property
    def uri(self) -> str:
        return self.file.uri

    @property
    def is_held(self) -> bool:
        """A worker's lease still runs."""
        return self.status == "PROCESSING" and (self.due_in_seconds or 0) > 0


@dataclass(frozen=True, slots=True)
class LoadedInput:
    """What came through standard input; its key has the hash of its bytes."""

    key: str
    size_bytes: int
    rows_loaded: int


@dataclass(frozen=True, slots=True)
class RejectedEntry:
    """`raw` is its first 200 bytes."""

    ordinal: int
    byte_offset: int
    byte_length: int
    error: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class FileEvent:
    at: datetime
    version: int
    event: str
    kind: str | None
    error: str | None
    rows: int | None


@dataclass(frozen=True, slots=True)
class FileHistory:
    """The first five rejected entries; the events from the oldest to the newest, at most the last thousand."""

    file: FileRecord
    first_rejected: list[RejectedEntry]
    events: list[FileEvent]


def find_file(connection: Connection, bucket: str, key: str, *, store: Store = Store.S3) -> FileRecord | None:
    parameters = {"store": store.value, "bucket": bucket, "key": key}
    return next(iter(records(connection, _BY_KEY, parameters)), None)


def matching_files(connection: Connection, asked: str, *, path: str) -> list[FileRecord]:
    """The files a person may mean: `s3://bucket/key`, a key, the local `path`; else keys that end so.

    At most 21, so that more than 20 can be told from 20.
    """
    parameters = _named_by(asked) | {"asked": asked, "path": path, "limit": SHOWN_MATCHES + 1}
    return records(connection, _EXACTLY, parameters) or records(connection, _BY_SUFFIX, parameters)


def _named_by(uri: str) -> dict[str, object]:
    """The store, bucket and key of an object's URI; of anything else, what no row has."""
    store, separator, rest = uri.partition("://")
    if not separator or store not in _BUCKET_PARTS:
        return {"store": "", "bucket": "", "key": ""}
    *bucket, key = [*rest.split("/", _BUCKET_PARTS[store]), ""][: _BUCKET_PARTS[store] + 1]
    return {"store": store, "bucket": "/".join(bucket), "key": key}


def shorter_inputs(connection: Connection, file: SourceFile) -> list[LoadedInput]:
    """What was loaded through standard input, shorter than this, the shortest first; nothing if this is known."""
    parameters = {"key": file.key, "size_bytes": file.size_bytes, "beginning": STANDARD_INPUT_KEY}
    with connection.cursor(row_factory=class_row(LoadedInput)) as cursor:
        return cursor.execute(_SHORTER_INPUTS, parameters).fetchall()


def file_history(connection: Connection, file: FileRecord) -> FileHistory:
    parameters = {"file_id": file.id}
    with connection.cursor(row_factory=class_row(RejectedEntry)) as cursor:
        rejected = cursor.execute(_REASONS, parameters | {"limit": SHOWN_REASONS}).fetchall()
    with connection.cursor(row_factory=class_row(FileEvent)) as cursor:
        events = cursor.execute(_EVENTS, parameters | {"limit": SHOWN_EVENTS}).fetchall()
    return FileHistory(file, rejected, events)


def rows_of_last_claim(connection: Connection, file_id: int) -> int:
    """The rows that the latest claim added, leaving out those its predecessors had committed."""
    row = connection.execute(_ROWS_OF_LAST_CLAIM, {"file_id": file_id}).fetchone()
    return int(row[0]) if row else 0


def records(
    connection: Connection, query: LiteralString, parameters: Mapping[str, object]
) -> list[FileRecord]:
    with connection.cursor(row_factory=class_row(FileRecord)) as cursor:
        return cursor.execute(query, parameters).fetchall()
