"""How an SQS queue is set up; `queues.sqs` works with its messages."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ingestor.aws.errors import service_error

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class QueueAttributes:
    """`dead_letter_arn`: where its redrive policy sends what was received too often; None: it has none."""

    arn: str
    visibility_seconds: int
    dead_letter_arn: str | None


def read_queue_attributes(client: "SQSClient", url: str) -> QueueAttributes:
    """Raises ServiceUnavailableError."""
    try:
        answer = client.get_queue_attributes(
            QueueUrl=url, AttributeNames=["QueueArn", "VisibilityTimeout", "RedrivePolicy"]
        )["Attributes"]
    except (BotoCoreError, ClientError) as error:
        raise service_error(url, error, needs="sqs:GetQueueAttributes") from error
    policy = json.loads(answer.get("RedrivePolicy") or "{}")
    return QueueAttributes(
        arn=answer["QueueArn"],
        visibility_seconds=int(answer["VisibilityTimeout"]),
        dead_letter_arn=policy.get("deadLetterTargetArn"),
    )
