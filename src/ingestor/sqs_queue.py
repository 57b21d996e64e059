"""The queue: hand a file on, and say when a failed message is to come back."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ingestor.errors import SourceUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_VISIBILITY_SECONDS = 43_200
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""


class SqsQueue:
    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str) -> None:
        """Raises SourceUnavailableError."""
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=body)
        except (BotoCoreError, ClientError) as error:
            raise SourceUnavailableError(f"{self._url}: could not send: {error}") from error

    def defer(self, receipt_handle: str, seconds: float) -> None:
        """The message comes back after so many seconds; 0: at once. Raises SourceUnavailableError."""
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url,
                ReceiptHandle=receipt_handle,
                VisibilityTimeout=int(min(max(seconds, 0), MAX_VISIBILITY_SECONDS)),
            )
        except (BotoCoreError, ClientError) as error:
            raise SourceUnavailableError(f"{self._url}: could not defer a message: {error}") from error
