"""From a message's text to the objects it names, and back for our own messages."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from pydantic import ValidationError

from ingestor.errors import NotificationError
from ingestor.notification.messages import EventBridgeEvent, HandOn, S3Notification
from ingestor.source_file import LOCAL_BUCKET, SourceFile

QUOTED_CHARACTERS = 200
MAX_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""
NULL_VERSION = "null"
"""The version id of an object stored while its bucket wasn't versioned: it pins nothing."""


def parse(body: str, *, buckets: frozenset[str] = frozenset(), prefix: str = "") -> tuple[SourceFile, ...]:
    """The objects a message asks to load; none for test events, deletions, folder markers and empty objects.

    `buckets` empty: any bucket. A key that doesn't begin with `prefix` is left out, without an error: the filters
    of several notifications may share a queue. Times are in UTC. Raises NotificationError for what can't be
    understood and for foreign buckets, and nothing else, whatever the message holds.
    """
    try:
        files = tuple(_files(_decoded(body)))
    except ValidationError as error:
        raise NotificationError(f"{_explain(error)}; the message begins {_quoted(body)}") from None
    for file in files:
        _refuse_foreign(file, buckets)
    # A folder marker is an empty object whose key ends in "/".
    return tuple(file for file in files if file.size_bytes != 0 and file.key.startswith(prefix))


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
        message = json.loads(body, object_pairs_hook=_without_repeated_names)
    except RecursionError:
        raise NotificationError(f"JSON nested too deep: {_quoted(body)}") from None
    except ValueError as error:
        raise NotificationError(f"not JSON ({error}): {_quoted(body)}") from None
    if not isinstance(message, dict):
        raise NotificationError(f"not a JSON object: {_quoted(body)}")
    return message


def _without_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers of such a message may see two different objects.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated within one object")
    return found


def _files(message: dict[str, Any]) -> Iterable[SourceFile]:
    if message.get("Type") == "Notification" and isinstance(message.get("Message"), str):
        message = _decoded(message["Message"])
    if "ingestor" in message:
        return _from_hand_on(HandOn.model_validate(message))
    if "Records" in message:
        return _from_s3(S3Notification.model_validate(message))
    if message.get("source") == "aws.s3" and "detail-type" in message:
        return _from_event_bridge(message)
    if message.get("Event") == "s3:TestEvent":
        return ()
    raise NotificationError(
        "neither an S3 notification (directly, through SNS or EventBridge) nor our own message; its fields are "
        f"{_quoted(', '.join(sorted(message)))}"
    )


def _from_hand_on(message: HandOn) -> Iterator[SourceFile]:
    yield _source_file(
        bucket=message.bucket,
        key=message.key,
        etag=message.etag,
        version_id=message.version_id,
        size=message.size_bytes,
        event_time=message.event_time,
    )


def _from_s3(notification: S3Notification) -> Iterator[SourceFile]:
    for record in notification.records:
        if record.creates:
            found = record.s3.object
            yield _source_file(
                bucket=record.s3.bucket.name,
                key=_form_decoded(found.key),
                etag=found.etag,
                version_id=found.version_id,
                size=found.size,
                event_time=record.event_time,
            )


def _from_event_bridge(message: dict[str, Any]) -> Iterator[SourceFile]:
    if message["detail-type"] == "Object Created":
        event = EventBridgeEvent.model_validate(message)
        found = event.detail.object
        yield _source_file(
            bucket=event.detail.bucket.name,
            key=found.key,  # not encoded, unlike in S3's own notifications
            etag=found.etag,
            version_id=found.version_id,
            size=found.size,
            event_time=event.time,
        )


def _form_decoded(key: str) -> str:
    """Keys are encoded as in a form: a space is "+", a plus "%2B"."""
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError:
        raise NotificationError(f"the key is not UTF-8 when decoded: {_quoted(key)}") from None


def _source_file(
    *,
    bucket: str,
    key: str,
    etag: str | None,
    version_id: str | None,
    size: int | None,
    event_time: datetime | None,
) -> SourceFile:
    if len(key.encode()) > MAX_KEY_BYTES:
        raise NotificationError(f"a key longer than S3's {MAX_KEY_BYTES} bytes: {_quoted(key)}")
    if "\x00" in key:
        raise NotificationError(f"the key holds NUL, which PostgreSQL refuses: {_quoted(key)}")
    return SourceFile(
        bucket=bucket,
        key=key,
        etag=(etag or "").strip('"') or None,
        version_id=None if version_id == NULL_VERSION else version_id or None,
        size_bytes=size,
        event_time=event_time,
    )


def _refuse_foreign(file: SourceFile, buckets: frozenset[str]) -> None:
    if file.is_local:
        raise NotificationError(f"a message can't name local files (bucket {LOCAL_BUCKET!r})")
    if buckets and file.bucket not in buckets:
        raise NotificationError(
            f"bucket {file.bucket!r} is none of BUCKETS ({', '.join(sorted(buckets))}); key {_quoted(file.key)}"
        )


def _quoted(text: str) -> str:
    return repr(text[:QUOTED_CHARACTERS]) + ("..." if len(text) > QUOTED_CHARACTERS else "")


def _explain(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)[:5]
    )
