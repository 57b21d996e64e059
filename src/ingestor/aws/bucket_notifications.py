"""A bucket is set up to notify the queue. Its configuration is written as a whole, so what was there is kept.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from ingestor.aws.errors import error_message, service_error
from ingestor.errors import IngestorError, SourceMissingError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import NotificationConfigurationTypeDef

OURS = "ingestor"
"""The id by which our entry is found again."""

EVENT = "s3:ObjectCreated:*"
_QUEUES = "QueueConfigurations"
_TARGETS = (_QUEUES, "TopicConfigurations", "LambdaFunctionConfigurations")

type Configuration = dict[str, Any]
"""As S3 gives and takes it."""


class BucketNotifications:
    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def read(self, bucket: str) -> Configuration:
        """Raises SourceMissingError, ServiceUnavailableError."""
        try:
            answer = self._client.get_bucket_notification_configuration(Bucket=bucket)
        except (BotoCoreError, ClientError) as error:
            raise _translated(bucket, error) from error
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def write(self, bucket: str, configuration: Configuration) -> None:
        """S3 tests that it may send to each target. Raises IngestorError where it may not, and as `read` does."""
        try:
            self._client.put_bucket_notification_configuration(
                Bucket=bucket,
                NotificationConfiguration=cast("NotificationConfigurationTypeDef", configuration),
            )
        except (BotoCoreError, ClientError) as error:
            raise _translated(bucket, error) from error


def connected(before: Configuration, *, queue_arn: str, prefix: str) -> Configuration:
    """With our entry, and all that was there. Raises IngestorError where S3 would refuse both together."""
    others = _without_ours(before)
    for name in _TARGETS:
        for entry in others.get(name, []):
            if _creates(entry) and _overlap(prefix, _prefix(entry)) and not _suffix(entry):
                raise IngestorError(
                    f'an object below "{prefix}" would also go to {_arn(entry)}, by the entry {entry.get("Id")}, and '
                    "S3 notifies one target only: let it be a topic or EventBridge, and subscribe the queue there"
                )
    ours: Configuration = {"Id": OURS, "QueueArn": queue_arn, "Events": [EVENT]}
    if prefix:
        ours["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}
    return others | {_QUEUES: [*others.get(_QUEUES, []), ours]}


def disconnected(before: Configuration) -> Configuration:
    """Without our entry, and with all the rest."""
    return _without_ours(before)


class Announcement(Enum):
    """How a queue learns of a bucket's new objects below a prefix."""

    ALL = auto()
    SOME = auto()
    """An entry leaves some out: other events, a longer prefix, a suffix."""
    INDIRECT = auto()
    """A topic or EventBridge is notified, and may send them on to the queue."""
    NONE = auto()


def announcement(configuration: Configuration, *, queue_arn: str, prefix: str) -> Announcement:
    entries = [
        entry
        for entry in configuration.get(_QUEUES, [])
        if entry["QueueArn"] == queue_arn and _creates(entry) and _overlap(prefix, _prefix(entry))
    ]
    if any(_announces_all(entry, prefix) for entry in entries):
        return Announcement.ALL
    topics = [entry for entry in configuration.get("TopicConfigurations", []) if _creates(entry)]
    if "EventBridgeConfiguration" in configuration or any(
        _overlap(prefix, _prefix(entry)) for entry in topics
    ):
        return Announcement.INDIRECT
    return Announcement.SOME if entries else Announcement.NONE


def is_same(one: Configuration, other: Configuration) -> bool:
    """Whether two configurations mean the same, whatever the order, and however S3 spells a rule's name."""
    return _normal(one) == _normal(other)


def _without_ours(configuration: Configuration) -> Configuration:
    left = [entry for entry in configuration.get(_QUEUES, []) if entry.get("Id") != OURS]
    rest = {name: value for name, value in configuration.items() if name != _QUEUES}
    return rest | ({_QUEUES: left} if left else {})


def _creates(entry: Mapping[str, Any]) -> bool:
    return any(event.startswith("s3:ObjectCreated") for event in entry["Events"])


def _announces_all(entry: Mapping[str, Any], prefix: str) -> bool:
    return EVENT in entry["Events"] and prefix.startswith(_prefix(entry)) and not _suffix(entry)


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _prefix(entry: Mapping[str, Any]) -> str:
    return _rule(entry, "prefix")


def _suffix(entry: Mapping[str, Any]) -> str:
    return _rule(entry, "suffix")


def _rule(entry: Mapping[str, Any], name: str) -> str:
    rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    return next((str(rule["Value"]) for rule in rules if rule["Name"].lower() == name), "")


def _arn(entry: Mapping[str, Any]) -> str:
    return next(str(entry[name]) for name in ("QueueArn", "TopicArn", "LambdaFunctionArn") if name in entry)


def _normal(configuration: Configuration) -> set[tuple[object, ...]]:
    entries = {
        (_arn(entry), tuple(sorted(entry["Events"])), _prefix(entry), _suffix(entry))
        for name in _TARGETS
        for entry in configuration.get(name, [])
    }
    return entries | ({("EventBridge",)} if "EventBridgeConfiguration" in configuration else set())


def _translated(bucket: str, error: BotoCoreError | ClientError) -> IngestorError:
    what = f"s3://{bucket}"
    missing = SourceMissingError(f"{what}: there is no such bucket")
    answers: dict[str, IngestorError] = {"NoSuchBucket": missing, "404": missing}
    if isinstance(error, ClientError):
        answers["InvalidArgument"] = IngestorError(
            f"{what}: S3 refused it; does the queue's policy let s3.amazonaws.com send for this bucket, and is "
            f"it in the bucket's region? {error_message(error)}"
        )
    is_reading = isinstance(error, ClientError) and error.operation_name.startswith("Get")
    needs = "s3:GetBucketNotification" + ("" if is_reading else " and s3:PutBucketNotification")
    return service_error(what, error, answers=answers, needs=needs)
