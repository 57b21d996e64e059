"""SQS: the queue of notifications and continuations, and the queue of dead letters."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ingestor.aws.errors import service_error
from ingestor.aws.timely import TimelyClient
from ingestor.deadline import Deadline
from ingestor.errors import IngestorError, ServiceUnavailableError
from ingestor.queues import QueueDepth, ReceivedMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_VISIBILITY_SECONDS = 43_200
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""


_BATCH = 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html"""


_NO_SUCH_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "InvalidAddress")
_NEEDED = "sqs:SendMessage, ReceiveMessage, DeleteMessage, ChangeMessageVisibility and GetQueueAttributes"


class SqsQueue:
    """A `Queue`."""

    def __init__(self, client: "SQSClient | TimelyClient[SQSClient]", url: str) -> None:
        self._client = client if isinstance(client, TimelyClient) else TimelyClient(client)
        self._url = url

    def end_with(self, deadline: Deadline, /) -> None:
        """From now on no answer is waited for beyond it: OutOfTimeError says so."""
        self._client.deadline = deadline

    def send(self, bodies: Sequence[str], /) -> list[str]:
        """The bodies that SQS didn't take. Raises ServiceUnavailableError when nothing more can be sent now."""
        refused: list[str] = []
        for batch in batched(bodies, _BATCH, strict=False):
            try:
                answer = self._client.now().send_message_batch(
                    QueueUrl=self._url,
                    Entries=[{"Id": str(index), "MessageBody": body} for index, body in enumerate(batch)],
                )
            except (BotoCoreError, ClientError) as error:
                raise self._failed("could not send", error) from error
            refused += [batch[int(failed["Id"])] for failed in answer.get("Failed", [])]
        return refused

    def receive(self, limit: int, visibility_seconds: int, /) -> list[ReceivedMessage]:
        """At most ten, hidden from others for so long; none: there are none now. Raises ServiceUnavailableError."""
        try:
            answer = self._client.now().receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(limit, _BATCH),
                VisibilityTimeout=visibility_seconds,
                WaitTimeSeconds=1,  # asks all of SQS's servers: a short poll may miss what is there
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        except (BotoCoreError, ClientError) as error:
            raise self._failed("could not receive", error) from error
        return [
            ReceivedMessage(
                message_id=each["MessageId"],
                receipt_handle=each["ReceiptHandle"],
                body=each["Body"],
                receive_count=int(each["Attributes"]["ApproximateReceiveCount"]),
                sent_at=datetime.fromtimestamp(int(each["Attributes"]["SentTimestamp"]) / 1000, UTC),
            )
            for each in answer.get("Messages", [])
        ]

    def acknowledge(self, receipt_handle: str, /) -> None:
        """Raises ServiceUnavailableError."""
        try:
            self._client.now().delete_message(QueueUrl=self._url, ReceiptHandle=receipt_handle)
        except (BotoCoreError, ClientError) as error:
            raise self._failed("could not delete a message", error) from error

    def depth(self) -> QueueDepth:
        """Raises ServiceUnavailableError."""
        try:
            attributes = self._client.now().get_queue_attributes(
                QueueUrl=self._url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )["Attributes"]
        except (BotoCoreError, ClientError) as error:
            raise self._failed("could not be asked", error) from error
        return QueueDepth(
            visible=int(attributes["ApproximateNumberOfMessages"]),
            in_flight=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
            delayed=int(attributes["ApproximateNumberOfMessagesDelayed"]),
        )

    def defer(self, receipt_handle: str, seconds: float, /) -> None:
        """The message comes back after so many seconds; 0: at once. Raises ServiceUnavailableError."""
        try:
            self._client.now().change_message_visibility(
                QueueUrl=self._url,
                ReceiptHandle=receipt_handle,
                VisibilityTimeout=int(min(max(seconds, 0), MAX_VISIBILITY_SECONDS)),
            )
        except (BotoCoreError, ClientError) as error:
            raise self._failed("could not defer a message", error) from error

    def _failed(self, verb: str, error: BotoCoreError | ClientError) -> IngestorError:
        what = f"{self._url}: {verb}"
        missing = ServiceUnavailableError(
            f"{what}: there is no such queue; are QUEUE_URL and DLQ_URL right, and AWS_REGION, AWS_ENDPOINT and the "
            "account?"
        )
        return service_error(what, error, answers=dict.fromkeys(_NO_SUCH_QUEUE, missing), needs=_NEEDED)
