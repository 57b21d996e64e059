"""Any key survives the queue, and no message at all raises anything but NotificationError."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from hypothesis import example, given
from hypothesis import strategies as st

from ingestor.errors import NotificationError
from ingestor.model.source_file import SourceFile
from ingestor.notifications import continuation_message, parse

keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=256)
tags = st.none() | st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E), min_size=1, max_size=64)
files = st.builds(
    SourceFile,
    bucket=st.from_regex(r"[a-z0-9][a-z0-9.-]{2,62}", fullmatch=True),
    key=keys,
    etag=tags,
    version_id=tags.filter(lambda value: value != "null"),
    size_bytes=st.none() | st.integers(1, 2**63 - 1),
    uploaded_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)

FIELD_NAMES = [
    "Records", "Type", "Message", "Event", "ingestor", "bucket", "key", "etag", "version_id", "size_bytes",
    "event_time", "eventVersion", "eventName", "eventTime", "s3", "object", "name", "size", "eTag", "versionId",
    "source", "detail-type", "detail", "time", "version-id",
]  # fmt: skip
VALUES = [
    "Notification", "s3:TestEvent", "load", "aws.s3", "Object Created", "2.1", "3.0", "ObjectCreated:Put", "null",
    "2026-10-05T12:34:56Z", "ingestor-logs", "%ED%A0%80", "a+b", "\ud800", "\x00", 0, 5, -1, 2**63, 1e400,
]  # fmt: skip
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(VALUES)
)
names = st.sampled_from(FIELD_NAMES) | st.text(max_size=5)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6) | inner.map(json.dumps)
    ),
    max_leaves=20,
)


def understood_or_refused(body: str) -> None:
    reason = ""
    try:
        for file in parse(body):
            assert isinstance(file, SourceFile)
    except NotificationError as error:
        reason = str(error)
    assert reason.isprintable()  # whatever the message held, a log can hold the reason


@given(files)
@example(SourceFile("ingestor-logs", "a+b%2B c%", "x", "y", 1, datetime.min.replace(tzinfo=UTC)))
@example(SourceFile("ingestor-logs", "日志/🎉\n\t\x7f\u2028", None, None, None, None))
def test_a_continuation_is_read_back_as_the_same_file(file: SourceFile) -> None:
    assert parse(continuation_message(file)) == (file,)


@given(keys)
def test_any_key_is_the_same_through_s3_and_event_bridge(key: str) -> None:
    record = {
        "eventVersion": "2.1",
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-10-05T12:34:56Z",
        "s3": {"bucket": {"name": "ingestor-logs"}, "object": {"key": quote_plus(key)}},
    }
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "time": "2026-10-05T12:34:56Z",
        "detail": {"bucket": {"name": "ingestor-logs"}, "object": {"key": key}},
    }
    bodies = [json.dumps({"Records": [record]}), json.dumps(event), json.dumps(event, ensure_ascii=False)]
    assert [file.key for body in bodies for file in parse(body)] == [key] * 3


@given(st.text())
def test_any_text_is_understood_or_refused(body: str) -> None:
    understood_or_refused(body)


@given(json_values)
def test_any_json_is_understood_or_refused(value: object) -> None:
    understood_or_refused(json.dumps(value))


@given(st.sampled_from(["s3", "event bridge", "continuation", "sns"]), st.data())
def test_a_message_with_any_one_field_changed_is_understood_or_refused(
    sender: str, data: st.DataObject
) -> None:
    message = example_of(sender)
    paths = list(paths_of(message))
    *parents, last = data.draw(st.sampled_from(paths))
    place: Any = message
    for step in parents:
        place = place[step]
    place[last] = data.draw(json_values)
    understood_or_refused(json.dumps(message))


def example_of(sender: str) -> dict[str, object]:
    found = {"key": "k", "size": 5, "eTag": "e", "versionId": "v"}
    record = {
        "eventVersion": "2.1",
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-10-05T12:34:56Z",
        "s3": {"bucket": {"name": "ingestor-logs"}, "object": found},
    }
    file = SourceFile("ingestor-logs", "k", "e", "v", 5, datetime(2026, 10, 5, tzinfo=UTC))
    messages: dict[str, dict[str, object]] = {
        "s3": {"Records": [record]},
        "event bridge": {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "time": "2026-10-05T12:34:56Z",
            "detail": {
                "bucket": {"name": "ingestor-logs"},
                "object": {"key": "k", "size": 5, "etag": "e", "version-id": "v"},
            },
        },
        "continuation": json.loads(continuation_message(file)),
        "sns": {"Type": "Notification", "Message": json.dumps({"Records": [record]})},
    }
    return messages[sender]


def paths_of(value: object) -> Iterator[tuple[Any, ...]]:
    children: Iterable[tuple[Any, object]] = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for name, child in children:
        yield (name,)
        yield from ((name, *rest) for rest in paths_of(child))
