"""The real handler, over a real PostgreSQL and moto's S3 and SQS."""

import io
import itertools
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.conftest import variables_of

from handler.object_created import lambda_handler
from handler.runtime import runtime
from ingestor.database import ConnectionParameters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
BUCKET = "ingestor-logs"


@dataclass
class FakeContext:
    """What our handler reads of Lambda's context; `remaining_ms` is asked again and again."""

    remaining_ms: Callable[[], int] = lambda: 900_000
    aws_request_id: str = "request-1"
    function_name: str = "ingestor"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:ingestor"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms()


def time_runs_out_after(looks: int, *, left_ms: int = 5_000) -> FakeContext:
    """Time enough at the first `looks` looks, the first of them when the invocation begins, and too little after."""
    numbers = itertools.count(1)
    return FakeContext(lambda: 60_000 if next(numbers) <= looks else left_ms)


@dataclass(frozen=True)
class Polled:
    """`failed`: ids of those messages of the batch that are to come again."""

    batch: list[dict[str, Any]]
    failed: list[str]

    @property
    def ids(self) -> list[str]:
        return [message["messageId"] for message in self.batch]


@dataclass
class Service:
    """The handler with its environment."""

    s3: "S3Client"
    sqs: "SQSClient"
    queue_url: str
    failed: list[str] = field(default_factory=list)

    def invoke(self, event: dict[str, Any], context: FakeContext | None = None) -> list[str]:
        """The ids of the messages to be delivered again."""
        answer = lambda_handler(event, context or FakeContext())  # type: ignore[arg-type]  # what we read of it
        return [str(item["itemIdentifier"]) for item in answer["batchItemFailures"]]

    def receive(self, *, visibility_seconds: int = 600) -> dict[str, Any] | None:
        """One message, in the shape in which Lambda's poller hands it over."""
        got = self.receive_batch(1, visibility_seconds=visibility_seconds)
        return got[0] if got else None

    def receive_batch(self, limit: int = 10, *, visibility_seconds: int = 600) -> list[dict[str, Any]]:
        got = self.sqs.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=limit,
            VisibilityTimeout=visibility_seconds,
            AttributeNames=["All"],
        ).get("Messages", [])
        return [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:ingestor",
                "awsRegion": "us-east-1",
            }
            for message in got
        ]

    def poll(self, *, visibility_seconds: int = 600) -> "Polled":
        """What Lambda's poller does once: a batch to the handler, and what succeeded off the queue."""
        batch = self.receive_batch(visibility_seconds=visibility_seconds)
        failed = self.invoke({"Records": batch}) if batch else []
        for message in batch:
            if message["messageId"] not in failed:
                self.acknowledge(message)
        return Polled(batch, failed)

    def acknowledge(self, message: dict[str, Any]) -> None:
        self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["receiptHandle"])


def sample_event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / name).read_text())
    return event


@pytest.fixture
def service(
    s3: "S3Client",
    sqs: "SQSClient",
    s3_server: str,
    database_parameters: ConnectionParameters,
    unique_name: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Service]:
    queue_url = sqs.create_queue(QueueName=unique_name("ingestor"), Attributes={"VisibilityTimeout": "600"})[
        "QueueUrl"
    ]
    for name, value in {
        **variables_of(database_parameters),
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT": s3_server,
        "QUEUE_URL": queue_url,
        "BUCKETS": BUCKET,
    }.items():
        monkeypatch.setenv(name, value)
    runtime.cache_clear()
    yield Service(s3, sqs, queue_url)
    runtime().worker.database.close()
    runtime.cache_clear()


@pytest.fixture
def log(service: Service, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:  # noqa: ARG001 - it makes the runtime anew
    """What our own logger writes, as it writes it; the standard output it found first may be long closed."""
    handler = runtime().telemetry.logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    monkeypatch.setattr(handler, "stream", written)
    return written
