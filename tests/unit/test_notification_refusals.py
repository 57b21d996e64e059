"""Messages nobody can understand, or that name what is not ours: refused with the reason."""

import json

import pytest
from tests.support.notification_messages import (
    continuation,
    event_bridge,
    s3_message,
    s3_record,
    sns_envelope,
)

from ingestor.errors import NotificationError
from ingestor.model.source_file import Store
from ingestor.notifications import parse, parse_each


def refusal(body: str, *, buckets: frozenset[str] = frozenset(), prefix: str = "") -> str:
    with pytest.raises(NotificationError) as caught:
        parse(body, buckets=buckets, prefix=prefix)
    return str(caught.value)


@pytest.mark.parametrize("version", ["3.0", "1.9", "22.1", "two"])
def test_another_major_version_is_refused_by_name(version: str) -> None:
    said = refusal(s3_message(s3_record(eventVersion=version)))
    assert "Records.0.eventVersion: only 2.x is understood" in said
    assert version in said


@pytest.mark.parametrize(
    "time",
    [
        "yesterday",
        "2026-13-01T00:00:00Z",
        "2026-10-05T12:34:56",
        1791203696,
        "1791203696",
        "",
        "0001-01-01T00:00:00+09:00",
    ],
)
def test_a_bad_time_is_refused(time: object) -> None:
    assert "Records.0.eventTime: " in refusal(s3_message(s3_record(eventTime=time)))


def test_a_bucket_outside_the_configured_ones_is_refused_with_the_names_of_both() -> None:
    said = refusal(s3_message(s3_record(bucket="somebody-elses")), buckets=frozenset({"ours-1", "ours-2"}))
    assert "somebody-elses" in said
    assert "ours-1, ours-2" in said


@pytest.mark.parametrize("found", [{"size": 0}, {"key": "elsewhere"}])
def test_a_foreign_bucket_is_refused_even_where_there_is_nothing_to_load(found: dict[str, object]) -> None:
    body = s3_message(s3_record(bucket="somebody-elses", found=found))
    assert "somebody-elses" in refusal(body, buckets=frozenset({"ours"}), prefix="logs/")


def test_a_message_cannot_name_local_files() -> None:
    body = continuation(store="file", bucket="file", key="/etc/passwd")
    assert "local files" in refusal(body)
    assert "local files" in refusal(body, buckets=frozenset({"file"}))


@pytest.mark.parametrize("store", ["gs", "az", "ftp", "", None, 7])
def test_a_message_cannot_name_a_store_that_nobody_reads(store: object) -> None:
    assert "store: " in refusal(continuation(store=store))


@pytest.mark.parametrize(
    "body", [continuation(bucket="file", key="/etc/passwd"), s3_message(s3_record(bucket="file"))]
)
def test_a_bucket_with_the_local_files_name_is_a_bucket(body: str) -> None:
    """Also in the continuations of earlier versions, which name no store."""
    [file] = parse(body, buckets=frozenset({"file"}))
    assert (file.store, file.bucket, file.is_local) == (Store.S3, "file", False)
    assert file.uri == f"s3://file/{file.key}"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "not JSON"),
        ("please load a.json", "not JSON"),
        ('{"Records":[', "not JSON"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("{}", "neither an S3 notification"),
        ('{"Records":[]}', "Records: "),
        ('{"Records":{}}', "Records: "),
        ('{"Records":[7]}', "Records.0: "),
        ('{"Records":[{"eventSource":"aws:ses","ses":{}}]}', "Records.0.s3: Field required"),
        (s3_message(s3_record(), s3_record(found={"key": None})), "Records.1.s3.object.key: Field required"),
        (s3_message(s3_record(found={"key": ""})), "Records.0.s3.object.key: "),
        (s3_message(s3_record(found={"size": -1})), "Records.0.s3.object.size: "),
        (s3_message(s3_record(found={"size": 2**63})), "Records.0.s3.object.size: "),
        (s3_message(s3_record(found={"eTag": "a\r\nX-Evil: b"})), "Records.0.s3.object.eTag: "),
        (s3_message(s3_record(found={"key": "%ED%A0%80"})), "not UTF-8"),
        (s3_message(s3_record(found={"key": "a%00b"})), "NUL"),
        (s3_message(s3_record(found={"key": "%C3%B6" * 513})), "1024 bytes"),
        (s3_message(s3_record(bucket="no bucket")), "Records.0.s3.bucket.name: "),
        (event_bridge().replace("aws.s3", "aws.ec2"), "neither an S3 notification"),
        (sns_envelope("hello"), "not JSON"),
        (sns_envelope(sns_envelope(s3_message(s3_record()))), "neither an S3 notification"),
        (continuation(ingestor="unload"), "ingestor: "),
        (continuation(key="\ud800"), "key: "),
        ('{"ingestor":"load","bucket":"b","key":"a","key":"b"}', "repeated"),
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ('{"Records":' + "9" * 5_000 + "}", "not JSON"),
        (continuation(size_bytes=float("inf")), "size_bytes: "),
        (continuation(size_bytes=float("nan")), "size_bytes: "),
    ],
)
def test_what_cannot_be_understood_is_refused_with_the_reason(body: str, said: str) -> None:
    assert said in refusal(body)


def test_a_refusal_quotes_at_most_200_characters() -> None:
    assert "y" * 200 + "'..." in refusal("y" * 100_000)
    assert len(refusal(continuation(size_bytes=-1, note="y" * 100_000))) < 600
    assert len(refusal(json.dumps({"y" * 100_000: 1}))) < 600


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (s3_record(found={"key": "a%00b"}), "the key holds NUL"),
        (s3_record(found={"key": "%FF"}), "not UTF-8"),
        (s3_record(bucket="somebody-elses"), "somebody-elses"),
        (s3_record(eventVersion="3.0"), "Records.1.eventVersion: "),
        (s3_record(found={"size": -1}), "Records.1.s3.object.size: "),
    ],
)
def test_a_bad_record_does_not_take_its_neighbours_along(bad: dict[str, object], said: str) -> None:
    first, last = s3_record(found={"key": "a"}), s3_record(found={"key": "b"})
    body = s3_message(first, bad, last)
    parsed = parse_each(body, buckets=frozenset({"ingestor-logs"}))
    assert [file.key for file in parsed.files] == ["a", "b"]
    [refusal_of_one] = parsed.refusals
    assert said in refusal_of_one
    assert said in refusal(body, buckets=frozenset({"ingestor-logs"}))


def test_of_very_many_bad_records_the_first_few_are_named_and_the_others_counted() -> None:
    body = s3_message(
        *[s3_record(eventVersion="3.0")] * 7, s3_record(), *[s3_record(bucket="foreign")] * 10_000
    )
    parsed = parse_each(body, buckets=frozenset({"ingestor-logs"}))
    assert (len(parsed.files), len(parsed.refusals)) == (1, 10_007)
    said = refusal(body, buckets=frozenset({"ingestor-logs"}))
    assert "Records.4.eventVersion" in said
    assert "and 10,002 more like these" in said
    assert len(said) < 1_500
