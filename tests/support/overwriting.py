"""One key that is overwritten, and a worker that loads it."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ingestor import bootstrap
from ingestor.database import Database
from ingestor.ingest import Worker
from ingestor.model.source_file import SourceFile
from ingestor.settings import OnOverwrite, Settings
from ingestor.sources.s3 import S3Body, S3Objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "app.json.gz"
UPLOADED = datetime(2026, 11, 23, tzinfo=UTC)


def body(word: str, entries: int = 4) -> bytes:
    lines = [
        json.dumps({"level": 30, "time": 1795432855268 + n, "msg": f"{word} {n}"}) for n in range(entries)
    ]
    return gzip.compress("\n".join(lines).encode())


class Bucket:
    """One bucket with one key, as the uploader sees it."""

    def __init__(self, s3: "S3Client", name: str, *, versioned: bool) -> None:
        self._s3 = s3
        self.name = name
        s3.create_bucket(Bucket=name)
        if versioned:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    def put(self, content: bytes) -> SourceFile:
        """What the notification of this upload names."""
        answer = self._s3.put_object(Bucket=self.name, Key=KEY, Body=content)
        return SourceFile(
            self.name,
            KEY,
            etag=answer["ETag"].strip('"'),
            version_id=answer.get("VersionId"),
            size_bytes=len(content),
        )

    def delete(self, file: SourceFile) -> None:
        """The version itself, where there is one: no marker stays."""
        if file.version_id:
            self._s3.delete_object(Bucket=self.name, Key=KEY, VersionId=file.version_id)
        else:
            self._s3.delete_object(Bucket=self.name, Key=KEY)


def nothing() -> None:
    pass


class OverwritingSource(S3Objects):
    """S3 as it is, but something happens before or after an object was first opened."""

    def __init__(
        self,
        client: "S3Client",
        before: Callable[[], object] = nothing,
        after: Callable[[], object] = nothing,
    ) -> None:
        super().__init__(client)
        self._happenings = [before, after]

    def open(self, file: SourceFile, /) -> S3Body:
        before, after = self._happenings
        self._happenings = [nothing, nothing]
        before()
        opened = super().open(file)
        after()
        return opened


def worker(
    database: Database, source: S3Objects, mode: OnOverwrite = OnOverwrite.SKIP, *, chunk_rows: int = 20_000
) -> Worker:
    return bootstrap.worker(database, source, Settings(on_overwrite=mode, chunk_rows=chunk_rows))


def messages(database: Database) -> list[str]:
    with database.transaction() as connection:
        return [message for (message,) in connection.execute("SELECT message FROM logs ORDER BY ordinal")]


def ledger(database: Database) -> tuple[object, ...] | None:
    with database.transaction() as connection:
        return connection.execute(
            "SELECT status, etag, rows_loaded, checkpoint, next_etag, next_attempt_at FROM processed_files"
        ).fetchone()


def words(word: str, entries: int = 4) -> list[str]:
    return [f"{word} {n}" for n in range(entries)]
