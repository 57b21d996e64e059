"""The database is down until every message has used up its deliveries; then it comes back, and nobody does anything."""

import gzip
import json
from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.e2e.conftest import BUCKET, Service
from tests.support.own_server import OwnServer

import handler.message
from handler.runtime import runtime
from ingestor.bootstrap import operating
from ingestor.database import Database
from ingestor.errors import DatabaseUnavailableError
from ingestor.sweep import SweepContext, sweep

OBJECTS = 200
ENTRIES = 3
MAX_RECEIVE_COUNT = 3
TICKS = 2
"""One takes the dead letters into the ledger, the next one sends their files."""


@pytest.fixture
def dlq_url(service: Service, monkeypatch: pytest.MonkeyPatch) -> str:
    """Three deliveries, a second apart at most, then the dead letters."""
    url = service.sqs.create_queue(QueueName=service.queue_url.rpartition("/")[2] + "-dlq")["QueueUrl"]
    service.sqs.set_queue_attributes(
        QueueUrl=service.queue_url,
        Attributes={
            "VisibilityTimeout": "1",
            "RedrivePolicy": json.dumps(
                {"deadLetterTargetArn": arn_of(service, url), "maxReceiveCount": MAX_RECEIVE_COUNT}
            ),
        },
    )
    monkeypatch.setenv("DLQ_URL", url)
    monkeypatch.setattr(handler.message, "OUTAGE_FIRST_SECONDS", 0)
    runtime.cache_clear()
    return url


@pytest.fixture
def bucket(service: Service) -> str:
    """Its notifications are S3's own."""
    service.s3.create_bucket(Bucket=BUCKET)
    queue = {"QueueArn": arn_of(service, service.queue_url), "Events": ["s3:ObjectCreated:*"]}
    service.s3.put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={"QueueConfigurations": [queue]},  # type: ignore[list-item]  # a literal's type is too wide
    )
    return BUCKET


@pytest.fixture
def sweeper(dlq_url: str) -> Iterator[SweepContext]:
    tools = operating.sweep_context(runtime().settings)
    assert tools.settings.dlq_url == dlq_url
    with closing(tools.database):
        yield tools


def arn_of(service: Service, queue_url: str) -> str:
    answer = service.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]


def waiting(service: Service, queue_url: str) -> int:
    """Whether to be seen or not."""
    answer = service.sqs.get_queue_attributes(
        QueueUrl=queue_url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )
    return sum(int(number) for number in answer["Attributes"].values())


def upload(service: Service, bucket: str, key: str) -> None:
    entries = [{"time": 1795432855268 + n, "msg": f"{key} {n}"} for n in range(ENTRIES)]
    service.s3.put_object(Bucket=bucket, Key=key, Body=gzip.compress(json.dumps(entries).encode()))


def poll_until_empty(service: Service) -> list[str]:
    """The ids of the messages that failed, as often as they did."""
    failed: list[str] = []
    while waiting(service, service.queue_url):
        failed += service.poll(visibility_seconds=1).failed
    return failed


def loaded(database: Database) -> dict[str, tuple[str, list[str]]]:
    with database.transaction() as connection:
        return {
            key: (status, messages)
            for key, status, messages in connection.execute(
                """SELECT s3_key, status, (SELECT array_agg(message ORDER BY ordinal) FROM logs WHERE file_id = f.id)
                   FROM processed_files f"""
            )
        }


def test_an_outage_longer_than_all_deliveries_heals_without_anybody(
    server: OwnServer,
    service: Service,
    database: Database,
    dlq_url: str,
    bucket: str,
    sweeper: SweepContext,
) -> None:
    keys = [f"{n:03}.json.gz" for n in range(OBJECTS)]
    server.stop()
    for key in keys:
        upload(service, bucket, key)
    failed = poll_until_empty(service)
    assert {failed.count(each) for each in set(failed)} == {MAX_RECEIVE_COUNT}
    assert (waiting(service, service.queue_url), waiting(service, dlq_url)) == (0, OBJECTS)
    with pytest.raises(DatabaseUnavailableError):
        sweep(sweeper)
    assert waiting(service, dlq_url) == OBJECTS

    server.start()
    for _ in range(TICKS):
        assert sweep(sweeper).failures == {}
        assert poll_until_empty(service) == []
    assert loaded(database) == {key: ("COMPLETED", [f"{key} {n}" for n in range(ENTRIES)]) for key in keys}
    assert (waiting(service, service.queue_url), waiting(service, dlq_url)) == (0, 0)
