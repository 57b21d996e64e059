"""Registration enters objects that came without a notification. They are sent after that, so a lost send is found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row

from ingestor.database import Connection
from ingestor.errors import ErrorKind, SchemaError
from ingestor.ledger.ending import REQUEUE_SECONDS
from ingestor.model.source_file import SourceFile, Store

# none --> PENDING
_REGISTER: LiteralString = """
WITH registered AS (
    INSERT INTO processed_files (
        store, bucket, s3_key, etag, version_id, size_bytes, event_time, status, next_attempt_at)
    SELECT store, bucket, s3_key, etag, version_id, size_bytes, event_time, 'PENDING',
           clock_timestamp() + make_interval(secs => %(due_in)s)
    FROM unnest(%(stores)s::text[], %(buckets)s::text[], %(keys)s::text[], %(etags)s::text[],
                %(version_ids)s::text[], %(sizes)s::bigint[], %(event_times)s::timestamptz[])
      AS listed (store, bucket, s3_key, etag, version_id, size_bytes, event_time)
    ORDER BY store, bucket, s3_key -- two sweepers that list the same keys must not deadlock
    ON CONFLICT (store, bucket, s3_key) DO NOTHING
    RETURNING id, version, store, bucket, s3_key
), recorded AS (
    INSERT INTO file_events (file_id, version, event) SELECT id, version, 'discovered' FROM registered
)
SELECT store, bucket, s3_key FROM registered
"""
_KNOWN: LiteralString = """
SELECT s3_key, status, etag, next_etag, size_bytes, event_time AS uploaded_at, error_kind,
       ignored_at IS NOT NULL AS is_ignored
FROM processed_files WHERE store = %(store)s AND bucket = %(bucket)s AND s3_key = ANY(%(keys)s)
"""
# statement_timestamp(), not clock_timestamp(): the latter is volatile, and no index serves a volatile comparison.
_NEWEST_LOG_TIME: LiteralString = """
SELECT coalesce(max(at) FILTER (WHERE starts_with(s3_key, %(prefix)s)), min(at) FILTER (WHERE number = %(within)s))
FROM (
    SELECT s3_key, least(last_log_at, event_time) AS at,
           row_number() OVER (ORDER BY least(last_log_at, event_time) DESC) AS number
    FROM processed_files
    WHERE store = %(store)s AND bucket = %(bucket)s AND status = 'COMPLETED'
      AND least(last_log_at, event_time) <= statement_timestamp()
    ORDER BY least(last_log_at, event_time) DESC LIMIT %(within)s
) AS newest
"""
_LOOKED_AT = 10_000
"""So many of the bucket's newest files are searched for one below a prefix."""
_SCHEMA_CREATED_AT: LiteralString = "SELECT min(applied_at) FROM schema_migrations"


@dataclass(frozen=True, slots=True)
class KnownFile:
    s3_key: str
    status: str
    etag: str | None
    next_etag: str | None
    size_bytes: int | None
    error_kind: str | None
    is_ignored: bool
    uploaded_at: datetime | None = None

    @property
    def failed_for_good(self) -> bool:
        return self.status == "FAILED" and self.error_kind == ErrorKind.PERMANENT

    def is_uploaded_again(self, file: SourceFile) -> bool:
        """Whether `file` is a later upload of the same bytes, which failed permanently."""
        return (
            self.failed_for_good
            and file.etag == self.etag
            and file.uploaded_at is not None
            and self.uploaded_at is not None
            and self.uploaded_at < file.uploaded_at
        )


def register(
    connection: Connection, files: Sequence[SourceFile], *, due_in_seconds: float = REQUEUE_SECONDS
) -> list[SourceFile]:
    """Enters those of `files` that the ledger doesn't know, as PENDING, and returns them in the same order.

    Commit, then send them: one that is not sent is due in `due_in_seconds`.
    """
    parameters = {
        "stores": [file.store.value for file in files],
        "buckets": [file.bucket for file in files],
        "keys": [file.key for file in files],
        "etags": [file.etag for file in files],
        "version_ids": [file.version_id for file in files],
        "sizes": [file.size_bytes for file in files],
        "event_times": [file.uploaded_at for file in files],
        "due_in": due_in_seconds,
    }
    new = set(connection.execute(_REGISTER, parameters))
    # A key given twice became one row, of the first one's version.
    first = {file.name: file for file in reversed(files)}
    return [file for file in files if file.name in new and first[file.name] is file]


def known_files(
    connection: Connection, bucket: str, keys: Sequence[str], *, store: Store = Store.S3
) -> dict[str, KnownFile]:
    """The rows of these keys, by key; a key that the ledger doesn't know is left out."""
    with connection.cursor(row_factory=class_row(KnownFile)) as cursor:
        rows = cursor.execute(_KNOWN, {"store": store.value, "bucket": bucket, "keys": list(keys)}).fetchall()
    return {row.s3_key: row for row in rows}


def known_file(connection: Connection, file: SourceFile) -> KnownFile | None:
    """What the ledger knows of `file`'s key; None: nothing."""
    return known_files(connection, file.bucket, [file.key], store=file.store).get(file.key)


def newest_log_time(
    connection: Connection, bucket: str, prefix: str, *, store: Store = Store.S3
) -> datetime | None:
    """The most recent log timestamp that is loaded; None: nothing is loaded.

    Each file's is bounded by its upload, and what is yet to come is left out: neither an entry nor a notification of
    the year 2099 says how far we are. Where none of the newest 10,000 files is below the prefix, the time of the last
    of them is as good: no log below the prefix is newer.
    """
    parameters = {
        "store": store.value,
        "bucket": bucket,
        "prefix": prefix,
        "within": _LOOKED_AT if prefix else 1,
    }
    row = connection.execute(_NEWEST_LOG_TIME, parameters).fetchone()
    moment: datetime | None = row[0] if row else None
    return moment


def schema_created_at(connection: Connection) -> datetime:
    """When the first migration was applied. Raises SchemaError."""
    row = connection.execute(_SCHEMA_CREATED_AT).fetchone()
    if row is None or row[0] is None:
        raise SchemaError("schema_migrations is empty: run `ingestor migrate`")
    moment: datetime = row[0]
    return moment
