"""What today's bytes become, as digests: the same bytes must become the same rows, ids and ledger tomorrow."""

import gzip
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString

from tests.support.odd_entries import odd_entries

from ingestor import bootstrap
from ingestor.database import Database
from ingestor.ingest import Outcome, ingest
from ingestor.model.source_file import SourceFile
from ingestor.settings import Settings

UPLOADED_AT = datetime(2026, 11, 23, tzinfo=UTC)
SETTINGS = Settings.from_environment({"CHUNK_ROWS": "1000", "MAX_REJECT_RATIO": "1"})

# Without what the clock or the order of the loads decides.
TABLES: dict[str, LiteralString] = {
    "logs": (
        "SELECT ordinal, id, request_id, trace_id, timestamp, level, severity, method, url, query, headers, params, "
        "remote_address, remote_port, status_code, context, message, hostname, pid, auth_user_id, "
        "processing_time_ms, cache_hit, document_count, last_updated, raw_data "
        "FROM logs WHERE file_id = %(file_id)s ORDER BY ordinal"
    ),
    "rejected_entries": (
        "SELECT ordinal, byte_offset, byte_length, error, raw FROM rejected_entries "
        "WHERE file_id = %(file_id)s ORDER BY ordinal"
    ),
    "raw_originals": "SELECT ordinal, raw FROM raw_originals WHERE file_id = %(file_id)s ORDER BY ordinal",
    "processed_files": (
        "SELECT bucket, s3_key, status, version, attempts, failures, checkpoint, checkpoint_offset, rows_loaded, "
        "rows_rejected, first_log_at, last_log_at, size_bytes, etag, version_id, event_time, next_etag, error "
        "FROM processed_files WHERE id = %(file_id)s"
    ),
    "file_events": "SELECT version, event, kind, error, rows FROM file_events WHERE file_id = %(file_id)s ORDER BY id",
}

# Not as Python's values: those of the odd entries are beyond some of its types.
_AS_TEXT: LiteralString = "SELECT each::text FROM (%s) AS each"


@dataclass(frozen=True)
class Held:
    """A `Source` of one object's bytes."""

    content: bytes

    def open(self, _file: SourceFile, /) -> io.BytesIO:
        return io.BytesIO(self.content)

    def current(self, file: SourceFile, /) -> SourceFile:
        return file


def contents(data_folder: Path) -> Iterator[tuple[str, bytes]]:
    """Names, and stored bytes."""
    for path in sorted(data_folder.glob("*.json.gz")):
        yield path.name, path.read_bytes()
    odd = list(odd_entries())
    yield "odd-array.json", b"[" + b",\n".join(odd) + b"]"
    yield "odd-lines.json", b"\n".join(odd)
    yield "odd-array.json.gz", gzip.compress(b"[" + b",".join(odd) + b"]", mtime=0)
    yield "unbalanced.json", b'[{"time":1795432855268},{"time":1795432855269}'


def load(database: Database, file: SourceFile, content: bytes) -> Outcome:
    return ingest(file, bootstrap.worker(database, Held(content), SETTINGS))


def digests(database: Database, bucket: str, key: str) -> dict[str, str]:
    """Of each table's rows that came of the file."""
    with database.transaction() as connection:
        ids = connection.execute(
            "SELECT id FROM processed_files WHERE bucket = %s AND s3_key = %s", (bucket, key)
        )
        [(file_id,)] = ids.fetchall()
        return {
            name: _digest(connection.execute(_AS_TEXT % query, {"file_id": file_id}))
            for name, query in TABLES.items()
        }


def _digest(rows: Iterable[tuple[str]]) -> str:
    digest, count = hashlib.sha256(), 0
    for (row,) in rows:
        digest.update(row.encode())
        count += 1
    return f"{count} rows, {digest.hexdigest()[:32]}"
