"""S3 is unwell: the file that met it fails for now, alone, and loads when its message comes again."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import BUCKET, Polled, Service
from tests.support.breaking_s3 import BreakingS3, Cut, Refuse, Trouble, breaking_s3

from handler.runtime import runtime
from ingestor.aws import clients
from ingestor.aws.timely import TimelyClient
from ingestor.database import Database
from ingestor.settings import Settings
from ingestor.sources.s3 import body

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEYS = ["0.json", "1.json", "2.json"]
ENTRIES = 3
PADDING = "x" * 40_000
BEHIND_THE_HEAD = 100_000
"""Bytes of a file: its format is told by then, and two of its entries are whole."""


@pytest.fixture
def s3_in_between(service: Service, s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[BreakingS3]:
    """What the handler reads from; in ever so short a time, what the handler gives up."""
    assert service.queue_url
    monkeypatch.setattr(body, "PAUSES_SECONDS", (0.0, 0.0))
    real_client: Callable[[Settings], TimelyClient[S3Client]] = clients.timely_s3_client
    with breaking_s3(s3_server) as endpoint:

        def client(settings: Settings) -> "TimelyClient[S3Client]":
            return real_client(settings.model_copy(update={"aws_endpoint": endpoint.url}))

        monkeypatch.setattr(clients, "timely_s3_client", client)
        runtime.cache_clear()
        yield endpoint


def upload(service: Service) -> None:
    service.s3.create_bucket(Bucket=BUCKET)
    for key in KEYS:
        text = "".join(
            json.dumps({"time": 1795432855268, "msg": f"{key} {n}", "padding": PADDING}) + "\n"
            for n in range(ENTRIES)
        )
        etag = service.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())["ETag"].strip('"')
        message = {"ingestor": "load", "bucket": BUCKET, "key": key, "etag": etag}
        service.sqs.send_message(QueueUrl=service.queue_url, MessageBody=json.dumps(message))


def come_again(service: Service, polled: Polled) -> None:
    for message in polled.batch:
        if message["messageId"] in polled.failed:
            service.sqs.change_message_visibility(
                QueueUrl=service.queue_url, ReceiptHandle=message["receiptHandle"], VisibilityTimeout=0
            )


def ledger(database: Database) -> list[tuple[object, ...]]:
    with database.transaction() as connection:
        return connection.execute(
            """SELECT s3_key, status, error_kind, attempts, (SELECT count(*) FROM logs WHERE file_id = f.id)
               FROM processed_files f ORDER BY s3_key"""
        ).fetchall()


SLOW_DOWN = [Refuse(503, "SlowDown")] * clients.USUAL_OF_S3.attempts
INTERNAL_ERROR = [Refuse(500, "InternalError")] * clients.USUAL_OF_S3.attempts


@pytest.mark.parametrize(
    ("troubles", "rows_before"),
    [
        pytest.param(SLOW_DOWN, 0, id="throttled"),
        pytest.param(INTERNAL_ERROR, 0, id="error of its own"),
        pytest.param([Cut(50), Cut(0), Cut(0)], 0, id="broken before its format can be told"),
        pytest.param([Cut(BEHIND_THE_HEAD), Cut(0), Cut(0)], 2, id="broken mid-body, again and again"),
        pytest.param([Cut(BEHIND_THE_HEAD), *SLOW_DOWN, *SLOW_DOWN], 2, id="broken mid-body, then throttled"),
    ],
)
def test_a_file_that_meets_s3s_trouble_fails_alone_and_loads_the_next_time(
    service: Service, database: Database, s3_in_between: BreakingS3, troubles: list[Trouble], rows_before: int
) -> None:
    upload(service)
    s3_in_between.troubles.extend(troubles)
    polled = service.poll()
    assert polled.failed == polled.ids[:1]
    assert ledger(database) == [
        ("0.json", "FAILED", "transient", 0, rows_before),
        ("1.json", "COMPLETED", None, 0, ENTRIES),
        ("2.json", "COMPLETED", None, 0, ENTRIES),
    ]
    come_again(service, polled)
    assert service.poll().failed == []
    assert ledger(database) == [(key, "COMPLETED", None, 0, ENTRIES) for key in KEYS]


def test_one_throttled_request_is_nobodys_failure(
    service: Service, database: Database, s3_in_between: BreakingS3
) -> None:
    upload(service)
    s3_in_between.troubles.append(Refuse(503, "SlowDown"))
    assert service.poll().failed == []
    assert len(ledger(database)) == len(KEYS)
