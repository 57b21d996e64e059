"""An object overwritten before, while and after it is loaded, in both modes, against moto's S3."""

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.support.overwriting import Bucket, OverwritingSource, body, ledger, messages, words, worker

from ingestor.database import Database
from ingestor.deadline import Deadline
from ingestor.ingest import AlreadyLoaded, Continued, Failed, HeldElsewhere, Loaded, Outcome, ingest
from ingestor.settings import OnOverwrite
from ingestor.sources.s3 import S3Objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(params=[False, True], ids=["unversioned", "versioned"])
def bucket(s3: "S3Client", request: pytest.FixtureRequest, unique_name: Callable[[str], str]) -> Bucket:
    return Bucket(s3, unique_name("overwrites"), versioned=request.param)


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


@pytest.mark.parametrize("mode", OnOverwrite)
def test_an_object_overwritten_before_its_first_byte_is_loaded_in_its_new_version(
    database: Database, s3: "S3Client", bucket: Bucket, mode: OnOverwrite
) -> None:
    source = OverwritingSource(s3, before=lambda: bucket.put(body("new")))
    assert isinstance(ingest(bucket.put(body("old")), worker(database, source, mode)), Loaded)
    assert messages(database) == words("new")


@pytest.mark.parametrize("mode", OnOverwrite)
def test_of_two_notifications_that_wait_the_older_one_loads_what_the_key_holds_now(
    database: Database, s3: "S3Client", bucket: Bucket, mode: OnOverwrite
) -> None:
    older, newer = bucket.put(body("old")), bucket.put(body("new"))
    assert isinstance(ingest(older, worker(database, S3Objects(s3), mode)), Loaded)
    assert messages(database) == words("new")
    assert ingest(newer, worker(database, S3Objects(s3), mode)) == AlreadyLoaded(newer_skipped=False)


@pytest.mark.parametrize("mode", OnOverwrite)
def test_an_object_overwritten_half_way_through_an_earlier_load_is_loaded_in_its_new_version(
    database: Database, s3: "S3Client", bucket: Bucket, mode: OnOverwrite
) -> None:
    """Its notification still waits behind the message that goes on with the old one."""
    first = worker(database, S3Objects(s3), mode, chunk_rows=1)
    looks = itertools.count()
    released = ingest(bucket.put(body("old")), first, Deadline(lambda: 99 if next(looks) == 0 else 0))
    assert isinstance(released, Continued)
    bucket.put(body("new"))
    assert isinstance(ingest(released.file, worker(database, S3Objects(s3), mode)), Loaded)
    assert messages(database) == words("new")


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

    source = OverwritingSource(s3, after=overwrite_and_notify)
    assert isinstance(ingest(bucket.put(body("old")), worker(database, source, mode)), Loaded)
    assert seen == [HeldElsewhere()]
    assert messages(database) == words(expected)
    state = ledger(database)
    assert state is not None
    assert (state[0], state[4], state[5]) == ("COMPLETED", None, None)
