"""From a message's text to the objects it names, and back for our own messages."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from pydantic import ValidationError

from ingestor.errors import NotificationError
from ingestor.model.source_file import SourceFile, Store, why_unstorable
from ingestor.notifications.messages import Continuation, EventBridgeEvent, S3Notification, S3Record

QUOTED_CHARACTERS = 200
SHOWN_REFUSALS = 5
MAX_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""
NULL_VERSION = "null"
"""The version id of an object stored while its bucket wasn't versioned: it pins nothing."""


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """The objects to load; none for test events, deletions, folder markers and empty objects.

    `refusals` say what else the message names, and why that can't be loaded: the message has failed then, but not its
    `files`.
    """

    files: tuple[SourceFile, ...]
    refusals: tuple[str, ...]

    @property
    def complaint(self) -> str:
        """The refusals in one sentence of bounded length: a message may name 50,000 objects."""
        more = len(self.refusals) - SHOWN_REFUSALS
        return "; ".join(
            [*self.refusals[:SHOWN_REFUSALS], *([f"and {more:,} more like these"] if more > 0 else [])]
        )


def parse_each(body: str, *, buckets: frozenset[str] = frozenset(), prefix: str = "") -> ParsedMessage:
    """The objects a message names. Empty `buckets`: any bucket. A key outside `prefix` is left out, without an error.

    The filters of several notifications may share a queue. Times are in UTC. Raises NotificationError for a message of
    which nothing can be understood, and nothing else, whatever it holds.
    """
    try:
        named = [_unless_foreign(each, buckets) for each in _files(_decoded(body))]
    except ValidationError as error:
        raise NotificationError(f"{_explain(error)}; the message begins {_quoted(body)}") from None
    files = (each for each in named if isinstance(each, SourceFile))
    return ParsedMessage(
        # A folder marker is an empty object whose key ends in "/".
        tuple(file for file in files if file.size_bytes != 0 and file.key.startswith(prefix)),
        tuple(each.why for each in named if isinstance(each, _Refusal)),
    )


def parse(body: str, *, buckets: frozenset[str] = frozenset(), prefix: str = "") -> tuple[SourceFile, ...]:
    """The objects that a message names, if all can be loaded. Raises NotificationError."""
    parsed = parse_each(body, buckets=buckets, prefix=prefix)
    if parsed.refusals:
        raise NotificationError(f"{parsed.complaint}; the message begins {_quoted(body)}")
    return parsed.files


def continuation_message(file: SourceFile) -> str:
    """A continuation: our own message, which `parse` reads back as the same file."""
    return json.dumps(
        {
            "ingestor": "load",
            # S3 is what a message without a store means, to earlier versions too.
            **({} if file.store is Store.S3 else {"store": file.store}),
            "bucket": file.bucket,
            "key": file.key,
            "etag": file.etag,
            "version_id": file.version_id,
            "size_bytes": file.size_bytes,
            "event_time": file.uploaded_at.isoformat() if file.uploaded_at else None,
        },
        separators=(",", ":"),
    )


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Of one object that a message names."""

    why: str


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


def _files(message: dict[str, Any]) -> "Iterable[SourceFile | _Refusal]":
    if message.get("Type") == "Notification" and isinstance(message.get("Message"), str):
        message = _decoded(message["Message"])
    if "ingestor" in message:
        return _from_continuation(Continuation.model_validate(message))
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


def _from_continuation(message: Continuation) -> Iterator[SourceFile]:
    yield _source_file(
        bucket=message.bucket,
        key=message.key,
        etag=message.etag,
        version_id=message.version_id,
        size=message.size_bytes,
        uploaded_at=message.uploaded_at,
        store=message.store,
    )


def _from_s3(notification: S3Notification) -> "Iterator[SourceFile | _Refusal]":
    for number, each in enumerate(notification.records):
        try:
            record = S3Record.model_validate(each)
            if record.creates:
                yield _from_record(record)
        except ValidationError as error:
            yield _Refusal(_explain(error, "Records", str(number)))
        except NotificationError as error:
            yield _Refusal(str(error))


def _from_record(record: S3Record) -> SourceFile:
    found = record.s3.object
    return _source_file(
        bucket=record.s3.bucket.name,
        key=_form_decoded(found.key),
        etag=found.etag,
        version_id=found.version_id,
        size=found.size,
        uploaded_at=record.uploaded_at,
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
            uploaded_at=event.time,
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
    uploaded_at: datetime | None,
    store: Store = Store.S3,
) -> SourceFile:
    if len(key.encode()) > MAX_KEY_BYTES:
        raise NotificationError(f"a key longer than S3's {MAX_KEY_BYTES} bytes: {_quoted(key)}")
    if why := why_unstorable(key):
        raise NotificationError(f"{why}: {_quoted(key)}")
    return SourceFile(
        bucket=bucket,
        key=key,
        etag=(etag or "").strip('"') or None,
        version_id=None if version_id == NULL_VERSION else version_id or None,
        size_bytes=size,
        uploaded_at=uploaded_at,
        store=store,
    )


def _unless_foreign(named: "SourceFile | _Refusal", buckets: frozenset[str]) -> "SourceFile | _Refusal":
    if isinstance(named, _Refusal):
        return named
    if buckets and named.bucket not in buckets:
        return _Refusal(
            f"bucket {named.bucket!r} is not in BUCKETS ({', '.join(sorted(buckets))}); key {_quoted(named.key)}"
        )
    return named


def _quoted(text: str) -> str:
    return repr(text[:QUOTED_CHARACTERS]) + ("..." if len(text) > QUOTED_CHARACTERS else "")


def _explain(error: ValidationError, *within: str) -> str:
    return "; ".join(
        f"{'.'.join(map(str, (*within, *problem['loc'])))}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)[:5]
    )
