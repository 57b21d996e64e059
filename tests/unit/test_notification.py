"""What a message of the queue names: each sender's shape."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from tests.support.notification_messages import (
    ETAG,
    continuation,
    event_bridge,
    s3_message,
    s3_record,
    sns_envelope,
)

from ingestor.model.source_file import SourceFile
from ingestor.notifications import continuation_message, parse

TIME = datetime(2026, 10, 5, 12, 34, 56, 789000, tzinfo=UTC)
FILE = SourceFile("ingestor-logs", "logs/app.json.gz", ETAG, None, 112_876, TIME)


def test_a_notification_names_the_object_with_version_size_and_time() -> None:
    assert parse(s3_message(s3_record(found={"versionId": "3HL4kqtJvjVBH40N"}))) == (
        SourceFile("ingestor-logs", "logs/app.json.gz", ETAG, "3HL4kqtJvjVBH40N", 112_876, TIME),
    )


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("my+app.json", "my app.json"),
        ("1%2B1.json", "1+1.json"),
        ("100%25.json", "100%.json"),
        ("gr%C3%B6%C3%9Fe.json", "größe.json"),
        ("%F0%9F%8E%89.json", "🎉.json"),
        ("größe.json", "größe.json"),
        ("a%252Bb", "a%2Bb"),
    ],
)
def test_keys_of_s3_are_form_encoded(encoded: str, key: str) -> None:
    assert [file.key for file in parse(s3_message(s3_record(found={"key": encoded})))] == [key]


@pytest.mark.parametrize("key", ["my app.json", "1+1.json", "100%.json", "a%2Bb", "größe 🎉.json"])
def test_keys_of_event_bridge_are_taken_as_they_are(key: str) -> None:
    assert [file.key for file in parse(event_bridge(key=key))] == [key]


def test_event_bridge_has_its_own_field_names_and_the_time_outside() -> None:
    body = event_bridge(size=5, etag=ETAG, **{"version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"})
    assert parse(body) == (
        SourceFile(
            "ingestor-logs",
            "logs/app.json.gz",
            ETAG,
            "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
            5,
            datetime(2026, 10, 5, 12, 34, 56, tzinfo=UTC),
        ),
    )


@pytest.mark.parametrize("body", [s3_message(s3_record()), continuation_message(FILE)])
def test_an_sns_envelope_is_unwrapped(body: str) -> None:
    assert parse(sns_envelope(body)) == (FILE,)


def test_event_bridge_through_sns_is_understood() -> None:
    assert [file.key for file in parse(sns_envelope(event_bridge()))] == ["logs/app.json.gz"]


def test_several_records_of_one_message_are_all_named_in_their_order() -> None:
    keys = ["b", "a", "c"]
    files = parse(s3_message(*(s3_record(found={"key": key}) for key in keys)))
    assert [file.key for file in files] == keys


@pytest.mark.parametrize("version_id", ["null", "", None])
def test_the_null_version_is_no_version(version_id: str | None) -> None:
    bodies = [
        s3_message(s3_record(found={"versionId": version_id})),
        event_bridge("Object Created", **{"version-id": version_id}),
        continuation(version_id=version_id),
    ]
    assert [file.version_id for body in bodies for file in parse(body)] == [None, None, None]


@pytest.mark.parametrize(
    ("given", "etag"), [(f'"{ETAG}"', ETAG), ("abc-12", "abc-12"), ("", None), (None, None)]
)
def test_an_etag_is_kept_without_its_quotes(given: str | None, etag: str | None) -> None:
    assert [file.etag for file in parse(s3_message(s3_record(found={"eTag": given})))] == [etag]


@pytest.mark.parametrize(
    "event_name",
    [
        "ObjectCreated:Put",
        "ObjectCreated:Post",
        "ObjectCreated:Copy",
        "ObjectCreated:CompleteMultipartUpload",
        "s3:ObjectCreated:Put",
    ],
)
def test_every_way_of_creating_an_object_counts(event_name: str) -> None:
    assert len(parse(s3_message(s3_record(eventName=event_name)))) == 1


@pytest.mark.parametrize(
    "event_name",
    [
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "LifecycleExpiration:Delete",
        "LifecycleTransition",
        "ObjectRestore:Completed",
        "ObjectTagging:Put",
        "ReducedRedundancyLostObject",
    ],
)
def test_events_that_create_nothing_name_nothing(event_name: str) -> None:
    assert parse(s3_message(s3_record(eventName=event_name, found={"size": None, "eTag": None}))) == ()


@pytest.mark.parametrize("detail_type", ["Object Deleted", "Object Tags Added", "Object Restore Completed"])
def test_other_events_of_s3_in_event_bridge_name_nothing(detail_type: str) -> None:
    assert parse(event_bridge(detail_type)) == ()


@pytest.mark.parametrize("wrap", [str, sns_envelope])
def test_the_test_event_of_a_new_notification_names_nothing(wrap: Callable[[str], str]) -> None:
    test_event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "ingestor-logs"}
    assert parse(wrap(json.dumps(test_event))) == ()


@pytest.mark.parametrize("key", ["logs/archive/", "logs/empty.json.gz"])
def test_folder_markers_and_empty_objects_name_nothing(key: str) -> None:
    bodies = [s3_message(s3_record(found={"key": key, "size": 0})), event_bridge(key=key, size=0)]
    assert [parse(body) for body in bodies] == [(), ()]


def test_an_object_of_unknown_size_is_named() -> None:
    assert [file.size_bytes for file in parse(s3_message(s3_record(found={"size": None})))] == [None]


@pytest.mark.parametrize("version", ["2.0", "2.1", "2.2", "2.3", "2.6", "2.17"])
def test_minor_versions_only_add_fields(version: str) -> None:
    assert len(parse(s3_message(s3_record(eventVersion=version)))) == 1


def test_times_are_kept_in_utc() -> None:
    (file,) = parse(s3_message(s3_record(eventTime="2026-10-05T14:34:56.789+02:00")))
    assert file.uploaded_at == TIME
    assert file.uploaded_at.tzinfo is UTC


def test_keys_outside_the_prefix_are_left_out_without_an_error() -> None:
    body = s3_message(*(s3_record(found={"key": key}) for key in ("logs/a", "other/b", "LOGS/c", "logs/d+e")))
    assert [file.key for file in parse(body, prefix="logs/")] == ["logs/a", "logs/d e"]
    assert parse(body, prefix="nowhere/") == ()


def test_a_continuation_is_compact_and_carries_its_marker() -> None:
    assert continuation_message(FILE) == (
        '{"ingestor":"load","bucket":"ingestor-logs","key":"logs/app.json.gz",'
        f'"etag":"{ETAG}","version_id":null,"size_bytes":112876,"event_time":"2026-10-05T12:34:56.789000+00:00"}}'
    )
