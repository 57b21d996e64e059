"""An object deleted, uploaded again, or announced by half: in both modes, against moto's S3."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.support.overwriting import KEY, UPLOADED, Bucket, body, ledger, messages, words, worker

from ingestor.database import Database
from ingestor.ingest import AlreadyLoaded, Failed, Loaded, ingest
from ingestor.settings import OnOverwrite
from ingestor.sources.s3 import S3Objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(params=[False, True], ids=["unversioned", "versioned"])
def bucket(s3: "S3Client", request: pytest.FixtureRequest, unique_name: Callable[[str], str]) -> Bucket:
    return Bucket(s3, unique_name("overwrites"), versioned=request.param)


def test_an_object_deleted_before_it_is_read_fails_for_good(
    database: Database, s3: "S3Client", bucket: Bucket
) -> None:
    file = bucket.put(body("old"))
    bucket.delete(file)
    outcome = ingest(file, worker(database, S3Objects(s3)))
    assert isinstance(outcome, Failed)
    assert outcome.retry_in_seconds is None
    assert f"s3://{bucket.name}/{KEY}" in outcome.error


def test_a_version_below_a_delete_marker_is_loaded_all_the_same(
    database: Database, s3: "S3Client", unique_name: Callable[[str], str]
) -> None:
    bucket = Bucket(s3, unique_name("overwrites"), versioned=True)
    file = bucket.put(body("old"))
    s3.delete_object(Bucket=bucket.name, Key=KEY)
    assert isinstance(ingest(file, worker(database, S3Objects(s3))), Loaded)
    assert messages(database) == words("old")


@pytest.mark.parametrize("mode", OnOverwrite)
def test_an_object_deleted_and_uploaded_again_with_the_same_bytes_is_loaded(
    database: Database, s3: "S3Client", unique_name: Callable[[str], str], mode: OnOverwrite
) -> None:
    bucket = Bucket(s3, unique_name("overwrites"), versioned=False)
    file = replace(bucket.put(body("same")), uploaded_at=UPLOADED)
    bucket.delete(file)
    assert isinstance(ingest(file, worker(database, S3Objects(s3), mode)), Failed)
    assert isinstance(ingest(file, worker(database, S3Objects(s3), mode)), Failed), "the same message again"
    again = replace(bucket.put(body("same")), uploaded_at=UPLOADED + timedelta(seconds=1))
    assert isinstance(ingest(again, worker(database, S3Objects(s3), mode)), Loaded)
    assert messages(database) == words("same")


@pytest.mark.parametrize("mode", OnOverwrite)
def test_a_notification_without_an_etag_means_what_the_key_holds(
    database: Database, s3: "S3Client", bucket: Bucket, mode: OnOverwrite
) -> None:
    for word in ("old", "new"):
        file = replace(bucket.put(body(word)), etag=None, version_id=None)
        ingest(file, worker(database, S3Objects(s3), mode))
    assert messages(database) == words("old" if mode is OnOverwrite.SKIP else "new")
    state = ledger(database)
    assert state is not None
    assert state[1] is not None


def test_the_same_bytes_uploaded_again_are_the_same_file(
    database: Database, s3: "S3Client", bucket: Bucket
) -> None:
    source = S3Objects(s3)
    content = body("same")
    ingest(bucket.put(content), worker(database, source, OnOverwrite.REPLACE))
    outcome = ingest(bucket.put(content), worker(database, source, OnOverwrite.REPLACE))
    assert outcome == AlreadyLoaded(newer_skipped=False)
    assert messages(database) == words("same")
