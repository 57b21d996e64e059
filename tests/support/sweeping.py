"""A bucket, a queue and its dead letters on moto, and what the queue holds."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingestor import bootstrap
from ingestor.database import Database
from ingestor.queues.sqs import SqsQueue
from ingestor.settings import Settings
from ingestor.sources.s3 import S3Objects
from ingestor.sweep.context import SweepContext

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class Place:
    """`tools` work on exactly this bucket and these queues."""

    bucket: str
    queue_url: str
    dlq_url: str
    tools: SweepContext
    s3: "S3Client"
    sqs: "SQSClient"

    def upload(self, key: str, body: bytes = b'{"time":1795432855268,"msg":"hello"}\n') -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def sent(self, url: str | None = None) -> list[dict[str, Any]]:
        """The messages that wait, taken out."""
        bodies = []
        while messages := self.sqs.receive_message(
            QueueUrl=url or self.queue_url, MaxNumberOfMessages=10, VisibilityTimeout=60
        ).get("Messages"):
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                self.sqs.delete_message(
                    QueueUrl=url or self.queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
        return bodies

    def sent_keys(self) -> list[str]:
        return [str(body["key"]) for body in self.sent()]


def place(
    *,
    database: Database,
    endpoint: str,
    s3: "S3Client",
    sqs: "SQSClient",
    name: str,
    settings: dict[str, str] | None = None,
) -> Place:
    """`settings` are environment variables over the usual ones."""
    s3.create_bucket(Bucket=name)
    queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
    dlq_url = sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
    usual = {"BUCKETS": name, "QUEUE_URL": queue_url, "DLQ_URL": dlq_url, "AWS_ENDPOINT_URL": endpoint}
    chosen = Settings.from_environment(usual | {"AWS_REGION": "us-east-1"} | (settings or {}))
    tools = SweepContext(
        database=database,
        objects=S3Objects(bootstrap.s3_client(chosen)),
        queue=bootstrap.queue(chosen),
        dead_letters=bootstrap.dead_letter_queue(chosen),
        settings=chosen,
    )
    return Place(name, queue_url, dlq_url, tools, s3, sqs)


class RefusingQueue(SqsQueue):
    """Takes nothing, as in SQS's own trouble."""

    def __init__(self) -> None:
        pass

    def send(self, bodies: Any) -> list[str]:  # noqa: ANN401 - whatever it is, it is given back
        return list(bodies)
