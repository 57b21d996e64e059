"""An object overwritten before, while and after it is loaded, in both modes, against moto's S3."""

import gzip
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from ingestor.database import Database
from ingestor.ingest import AlreadyLoaded, Failed, HeldElsewhere, Loaded, Outcome, Worker, ingest
from ingestor.s3_object import S3Body, S3Objects
from ingestor.settings import OnOverwrite, Settings
from ingestor.source_file import SourceFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "app.json.gz"


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


@pytest.fixture(params=[False, True], ids=["unversioned", "versioned"])
def bucket(s3: "S3Client", request: pytest.FixtureRequest, unique_name: Callable[[str], str]) -> Bucket:
    return Bucket(s3, unique_name("overwrites"), versioned=request.param)


class OverwritingSource(S3Objects):
    """S3 as it is, but something happens right after an object was opened, once."""

    def __init__(self, client: "S3Client", happening: Callable[[], object]) -> None:
        super().__init__(client)
        self._happenings = [happening]

    def open(self, file: SourceFile, /) -> S3Body:
        if self._happenings:
            self._happenings.pop()()
        return super().open(file)


def worker(
    database: Database, source: S3Objects, mode: OnOverwrite = OnOverwrite.SKIP, *, chunk_rows: int = 20_000
) -> Worker:
    return Worker(database, source, Settings(on_overwrite=mode, chunk_rows=chunk_rows))


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


def test_a_completed_key_stays_as_it_is_when_overwrites_are_skipped(
    database: Database, s3: "S3Client", bucket: Bucket
) -> None:
    source = S3Objects(s3)
    assert isinstance(ingest(bucket.put(body("old")), worker(database, source)), Loaded)
    outcome = ingest(bucket.put(body("new")), worker(database, source))
    assert outcome == AlreadyLoaded(newer_skipped=True)
    assert messages(database) == words("old")


def test_a_completed_key_is_replaced_when_overwrites_replace(
    database: Database, s3: "S3Client", bucket: Bucket
) -> None:
    source = S3Objects(s3)
    ingest(bucket.put(body("old", 9)), worker(database, source, OnOverwrite.REPLACE))
    newer = bucket.put(body("new"))
    assert isinstance(ingest(newer, worker(database, source, OnOverwrite.REPLACE)), Loaded)
    assert messages(database) == words("new")
    assert ledger(database) == ("COMPLETED", newer.etag, 4, 4, None, None)


def test_a_stale_notification_of_an_older_version_changes_nothing(
    database: Database, s3: "S3Client", bucket: Bucket
) -> None:
    source = S3Objects(s3)
    older = bucket.put(body("old"))
    ingest(bucket.put(body("new")), worker(database, source, OnOverwrite.REPLACE))
    outcome = ingest(older, worker(database, source, OnOverwrite.REPLACE))
    assert outcome == AlreadyLoaded(newer_skipped=False)
    assert messages(database) == words("new")


@pytest.mark.parametrize("mode", OnOverwrite)
def test_an_object_overwritten_after_a_failure_is_loaded_in_its_new_version(
    database: Database, s3: "S3Client", bucket: Bucket, mode: OnOverwrite
) -> None:
    source = S3Objects(s3)
    broken = ingest(bucket.put(body("old")[:-12]), worker(database, source, mode))
    assert isinstance(broken, Failed)
    assert broken.retry_in_seconds is None
    assert isinstance(ingest(bucket.put(body("new")), worker(database, source, mode)), Loaded)
    assert messages(database) == words("new")


def test_an_unversioned_object_overwritten_before_its_first_byte_is_loaded_in_its_new_version(
    database: Database, s3: "S3Client", unique_name: Callable[[str], str]
) -> None:
    bucket = Bucket(s3, unique_name("overwrites"), versioned=False)
    source = OverwritingSource(s3, lambda: bucket.put(body("new")))
    assert isinstance(ingest(bucket.put(body("old")), worker(database, source)), Loaded)
    assert messages(database) == words("new")


def test_a_versioned_object_overwritten_before_its_first_byte_is_loaded_as_it_was_notified(
    database: Database, s3: "S3Client", unique_name: Callable[[str], str]
) -> None:
    bucket = Bucket(s3, unique_name("overwrites"), versioned=True)
    source = OverwritingSource(s3, lambda: bucket.put(body("new")))
    assert isinstance(ingest(bucket.put(body("old")), worker(database, source)), Loaded)
    assert messages(database) == words("old")


@pytest.mark.parametrize(("mode", "expected"), [(OnOverwrite.SKIP, "old"), (OnOverwrite.REPLACE, "new")])
def test_a_version_announced_while_the_old_one_is_loaded_follows_the_mode_at_its_end(
    database: Database,
    new_database: Callable[[], Database],
    s3: "S3Client",
    unique_name: Callable[[str], str],
    mode: OnOverwrite,
    expected: str,
) -> None:
    bucket = Bucket(s3, unique_name("overwrites"), versioned=True)
    second = new_database()
    seen: list[Outcome] = []

    def overwrite_and_notify() -> None:
        seen.append(ingest(bucket.put(body("new")), worker(second, S3Objects(s3), mode)))

    source = OverwritingSource(s3, overwrite_and_notify)
    assert isinstance(ingest(bucket.put(body("old")), worker(database, source, mode)), Loaded)
    assert seen == [HeldElsewhere()]
    assert messages(database) == words(expected)
    state = ledger(database)
    assert state is not None
    assert (state[0], state[4], state[5]) == ("COMPLETED", None, None)


def test_an_object_deleted_before_it_is_read_fails_for_good(
    database: Database, s3: "S3Client", bucket: Bucket
) -> None:
    file = bucket.put(body("old"))
    bucket.delete(file)
    outcome = ingest(file, worker(database, S3Objects(s3)))
    assert isinstance(outcome, Failed)
    assert outcome.retry_in_seconds is None
    assert f"s3://{bucket.name}/{KEY}" in outcome.error


def test_the_same_bytes_uploaded_again_are_the_same_file(
    database: Database, s3: "S3Client", bucket: Bucket
) -> None:
    source = S3Objects(s3)
    content = body("same")
    ingest(bucket.put(content), worker(database, source, OnOverwrite.REPLACE))
    outcome = ingest(bucket.put(content), worker(database, source, OnOverwrite.REPLACE))
    assert outcome == AlreadyLoaded(newer_skipped=False)
    assert messages(database) == words("same")
