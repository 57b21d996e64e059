"""What a message of the queue names: the objects to load.

S3's own notifications, directly or through SNS (raw or wrapped), EventBridge's, and our own hand-ons.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal
from urllib.parse import unquote_plus

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from ingestor.errors import NotificationError
from ingestor.source_file import LOCAL_BUCKET, SourceFile

QUOTED_CHARACTERS = 200


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _Bucket(_Model):
    name: str = Field(min_length=1)


class _S3Object(_Model):
    key: str = Field(min_length=1)
    size: int | None = Field(default=None, ge=0)
    etag: str | None = Field(default=None, alias="eTag")
    version_id: str | None = Field(default=None, alias="versionId")


class _S3Entity(_Model):
    bucket: _Bucket
    object: _S3Object


class _S3Record(_Model):
    event_version: str = Field(alias="eventVersion", pattern=r"^2\.\d+$")
    event_name: str = Field(alias="eventName", min_length=1)
    event_time: AwareDatetime = Field(alias="eventTime")
    s3: _S3Entity

    @property
    def creates(self) -> bool:
        # "s3:" in front is EventBridge's and some S3-compatible stores' habit.
        return self.event_name.removeprefix("s3:").startswith("ObjectCreated:")


class _EventBridgeObject(_Model):
    key: str = Field(min_length=1)
    size: int | None = Field(default=None, ge=0)
    etag: str | None = None
    version_id: str | None = Field(default=None, alias="version-id")


class _EventBridgeDetail(_Model):
    bucket: _Bucket
    object: _EventBridgeObject


class _EventBridgeEvent(_Model):
    time: AwareDatetime
    detail: _EventBridgeDetail


class _HandOn(_Model):
    ingestor: Literal["load"]
    bucket: str = Field(min_length=1)
    key: str = Field(min_length=1)
    etag: str | None = None
    version_id: str | None = None
    size_bytes: int | None = Field(default=None, ge=0)
    event_time: AwareDatetime | None = None


def parse(body: str, *, buckets: frozenset[str] = frozenset(), prefix: str = "") -> tuple[SourceFile, ...]:
    """The objects a message asks to load; none for test events, deletions, folder markers and empty objects.

    `buckets` empty: any bucket. A key that doesn't begin with `prefix` is left out: filters of two notifications
    may share a queue. Raises NotificationError for what can't be understood and for foreign buckets.
    """
    try:
        files = tuple(file for file in _files(_decoded(body)) if file.size_bytes != 0)
    except ValidationError as error:
        raise NotificationError(
            f"{_explain(error)}; the message begins {body[:QUOTED_CHARACTERS]!r}"
        ) from None
    for file in files:
        if file.bucket == LOCAL_BUCKET or (buckets and file.bucket not in buckets):
            known = ", ".join(sorted(buckets)) or "any S3 bucket"
            raise NotificationError(f"bucket {file.bucket!r} is not one of ours ({known}); key {file.key!r}")
        if "\x00" in file.key:
            raise NotificationError(
                f"key {file.key!r} of bucket {file.bucket!r} holds NUL, which PostgreSQL refuses"
            )
    return tuple(file for file in files if file.key.startswith(prefix))


def hand_on_message(file: SourceFile) -> str:
    """Our own message: what `parse` reads back as the same file."""
    return json.dumps(
        {
            "ingestor": "load",
            "bucket": file.bucket,
            "key": file.key,
            "etag": file.etag,
            "version_id": file.version_id,
            "size_bytes": file.size_bytes,
            "event_time": file.event_time.isoformat() if file.event_time else None,
        },
        separators=(",", ":"),
    )


def _decoded(body: str) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotificationError(f"not JSON ({error}): {body[:QUOTED_CHARACTERS]!r}") from None
    if not isinstance(message, dict):
        raise NotificationError(f"not a JSON object: {body[:QUOTED_CHARACTERS]!r}")
    return message


def _files(message: dict[str, Any]) -> Iterable[SourceFile]:
    if "ingestor" in message:
        return _from_hand_on(_HandOn.model_validate(message))
    if "Records" in message:
        return _from_records(message["Records"])
    if message.get("Type") == "Notification" and isinstance(message.get("Message"), str):
        return _files(_decoded(message["Message"]))
    if message.get("source") == "aws.s3" and "detail-type" in message:
        return _from_event_bridge(message)
    if message.get("Event") == "s3:TestEvent":
        return ()
    raise NotificationError(
        "neither an S3 notification (directly, through SNS or EventBridge) nor our own message; it has the fields "
        f"{', '.join(sorted(map(str, message)))[:QUOTED_CHARACTERS] or 'none'}"
    )


def _from_hand_on(message: _HandOn) -> Iterable[SourceFile]:
    yield SourceFile(
        message.bucket, message.key, message.etag, message.version_id, message.size_bytes, message.event_time
    )


def _from_records(records: object) -> Iterable[SourceFile]:
    if not isinstance(records, list) or not records:
        raise NotificationError("Records is not a list with at least one record")
    for record in map(_S3Record.model_validate, records):
        if record.creates:
            found = record.s3.object
            # Keys are encoded as in a form: a space is "+", a plus "%2B".
            key = unquote_plus(found.key)
            yield _source_file(record.s3.bucket, key, found, record.event_time)


def _from_event_bridge(message: dict[str, Any]) -> Iterable[SourceFile]:
    if message["detail-type"] == "Object Created":
        event = _EventBridgeEvent.model_validate(message)
        yield _source_file(event.detail.bucket, event.detail.object.key, event.detail.object, event.time)


def _source_file(
    bucket: _Bucket, key: str, found: _S3Object | _EventBridgeObject, event_time: datetime
) -> SourceFile:
    return SourceFile(
        bucket=bucket.name,
        key=key,
        etag=found.etag.strip('"') if found.etag else None,
        version_id=None if found.version_id == "null" else found.version_id or None,
        size_bytes=found.size,
        event_time=event_time,
    )


def _explain(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)[:5]
    )
