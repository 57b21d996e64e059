"""A bucket, a queue with its dead letters, and a database: one installation, and what was uploaded to it."""

import json
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import boto3
import psycopg
from tests.faults.corpus import Content, make
from tests.integration.conftest import variables_of

from ingestor.database import Connection, ConnectionParameters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

REGION = "us-east-1"
LEASE_SECONDS = 2
VISIBILITY_SECONDS = 3
MAX_RECEIVES = 4


USUAL = {
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "CHUNK_ROWS": "7",
    "MAX_ATTEMPTS": "1000",  # a file that meets a hundred kills is not worn out
    "MAX_REJECT_RATIO": "1",
    "ON_OVERWRITE": "replace",
    "START_FROM": "all",
    "POWERTOOLS_LOG_LEVEL": "ERROR",
    "AWS_LAMBDA_FUNCTION_NAME": "ingestor",
}
_sequence = count(1)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One object version."""

    key: str
    content: Content
    size: int
    etag: str
    version_id: str | None
    at: datetime


@dataclass
class Arena:
    """`endpoint` is S3's and SQS's. `settings` are the workers' variables over the usual ones."""

    parameters: ConnectionParameters
    endpoint: str
    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    is_versioned: bool = False

    def __post_init__(self) -> None:
        self.s3: S3Client = boto3.client("s3", endpoint_url=self.endpoint, region_name=REGION)
        self.sqs: SQSClient = boto3.client("sqs", endpoint_url=self.endpoint, region_name=REGION)
        self.uploads: dict[str, list[Uploaded]] = {}
        self._lock = threading.Lock()
        self.s3.create_bucket(Bucket=self.name)
        if self.is_versioned:
            self.s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        self.dlq_url = self.sqs.create_queue(QueueName=f"{self.name}-dlq")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.dlq_url, AttributeNames=["QueueArn"])
        redrive = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": MAX_RECEIVES}
        self.queue_url = self.sqs.create_queue(
            QueueName=self.name,
            Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS), "RedrivePolicy": json.dumps(redrive)},
        )["QueueUrl"]

    @property
    def environment(self) -> dict[str, str]:
        return {
            **USUAL,
            **variables_of(self.parameters),
            "AWS_REGION": REGION,
            "AWS_ENDPOINT": self.endpoint,
            "BUCKETS": self.name,
            "QUEUE_URL": self.queue_url,
            "DLQ_URL": self.dlq_url,
            **self.settings,
        }

    def let_messages_wait(self, seconds: int) -> None:
        """How long a message that a worker has is hidden from the others."""
        self.sqs.set_queue_attributes(QueueUrl=self.queue_url, Attributes={"VisibilityTimeout": str(seconds)})

    def connect(self) -> Connection:
        """In autocommit, over no `Database` of the product's."""
        to = self.parameters
        return psycopg.connect(
            host=to.host,
            port=to.port,
            user=to.user,
            password=to.password,
            dbname=to.dbname,
            sslmode=to.sslmode,
            autocommit=True,
        )

    def upload(
        self, key: str, entries: int, rng: random.Random, *, months: tuple[int, int] = (0, 2)
    ) -> Uploaded:
        """A new object, or a new version of one; nobody is notified."""
        with self._lock:
            number = len(self.uploads.get(key, ())) + 1
        made = make(f"{key} v{number}", entries, rng, months=months)
        at = datetime.now(UTC)
        answer = self.s3.put_object(Bucket=self.name, Key=key, Body=made.body)
        etag, version_id = answer["ETag"].strip('"'), answer.get("VersionId")
        uploaded = Uploaded(key, made.content, len(made.body), etag, version_id, at)
        with self._lock:
            self.uploads.setdefault(key, []).append(uploaded)
        return uploaded

    def notify(self, uploaded: Uploaded) -> None:
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=json.dumps(self.notification(uploaded)))

    def notification(self, uploaded: Uploaded) -> dict[str, Any]:
        """As S3 writes it."""
        found = {
            "key": quote_plus(uploaded.key, safe="/"),
            "size": uploaded.size,
            "eTag": uploaded.etag,
            "sequencer": f"{next(_sequence):016X}",
        }
        if uploaded.version_id is not None:
            found["versionId"] = uploaded.version_id
        return {
            "Records": [
                {
                    "eventVersion": "2.1",
                    "eventSource": "aws:s3",
                    "awsRegion": REGION,
                    "eventTime": uploaded.at.isoformat().replace("+00:00", "Z"),
                    "eventName": "ObjectCreated:Put",
                    "s3": {
                        "s3SchemaVersion": "1.0",
                        "configurationId": "ingestor",
                        "bucket": {"name": self.name, "arn": f"arn:aws:s3:::{self.name}"},
                        "object": found,
                    },
                }
            ]
        }

    def event(self, *uploaded: Uploaded) -> dict[str, Any]:
        """What Lambda hands over for messages that are in no queue."""
        return {
            "Records": [
                {
                    "messageId": f"direct-{next(_sequence)}",
                    "receiptHandle": "none",
                    "body": json.dumps(self.notification(each)),
                    "attributes": {"ApproximateReceiveCount": "1"},
                    "messageAttributes": {},
                    "eventSource": "aws:sqs",
                    "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:{self.name}",
                    "awsRegion": REGION,
                }
                for each in uploaded
            ]
        }

    def current(self) -> dict[str, Uploaded]:
        """By key, the version that the bucket has now."""
        with self._lock:
            return {key: versions[-1] for key, versions in self.uploads.items()}

    def waiting(self, url: str) -> int:
        """Visible or not."""
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return (
            int(found["ApproximateNumberOfMessages"])
            + int(found["ApproximateNumberOfMessagesNotVisible"])
            + int(found["ApproximateNumberOfMessagesDelayed"])
        )
