"""Each family of JSON is told from all other formats by its first bytes, whatever their order and spacing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import sample

from ingestor.bootstrap.formats import KNOWN_FORMATS
from ingestor.formats.json.heads import members_of

SAMPLES = {
    "cloudtrail.json": ["cloudtrail"],
    "cloudtrail-digest.json": ["cloudtrail"],
    "cloudwatch.json": ["cloudwatch"],
    "otlp.json": ["otlp"],
    "waf.json": ["waf"],
    "route53.json": ["route53"],
    "guardduty.jsonl": ["guardduty"],
    "json-kinds.json": [],
}


def recognised(head: bytes) -> list[str]:
    return [known.name for known in KNOWN_FORMATS if known.recognises(head)]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_is_recognised_by_its_own_format_alone(name: str) -> None:
    assert recognised(sample(name)) == SAMPLES[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_order_of_members_and_whitespace_change_nothing(name: str) -> None:
    first, _ = json.JSONDecoder().raw_decode(sample(name).decode())
    reordered = dict(reversed(first.items()))
    for text in (
        json.dumps(reordered),
        json.dumps([reordered], indent=2),
        "\ufeff\n\n" + json.dumps(first, indent=1),
    ):
        assert recognised(text.encode()) == SAMPLES[name]


def test_plain_logs_of_any_kind_are_left_to_json() -> None:
    for line in sample("json-kinds.json").splitlines():
        assert recognised(line) == []


ENTRY = '"time":1795432855268,"level":30,"msg":"hello"'
NO_ENVELOPES = (
    '"messageType":"DATA_MESSAGE"',
    '"messageType":"CONTROL_MESSAGE"',
    '"owner":"1","logGroup":"g","logStream":"s","logEvents":[]',
    '"resourceLogs":[]',
    '"Records":[{"eventID":"1","eventTime":"2026-11-24T12:00:00Z"}]',
    '"Records":[]',
    '"digestS3Bucket":"b","digestS3Object":"o"',
    '"request":{"cs-uri-stem":"/","x-edge-location":"DUB2-C1"}',
)


@pytest.mark.parametrize("members", NO_ENVELOPES)
def test_an_entry_with_a_time_of_its_own_is_no_object_around_entries(members: str) -> None:
    for line in (f"{{{ENTRY},{members}}}", f"{{{members},{ENTRY}}}"):
        assert recognised(f"{line}\n{line}\n".encode()) == []


S3_EVENT = {
    "eventVersion": "2.1",
    "eventSource": "aws:s3",
    "eventTime": "2026-11-24T12:00:00Z",
    "userIdentity": {"principalId": "p"},
    "requestParameters": {"sourceIPAddress": "192.0.2.1"},
}
STREAM_EVENT = {"eventID": "1", "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb"}


@pytest.mark.parametrize("event", [S3_EVENT, STREAM_EVENT, {"messageId": "1", "body": "{}"}, {"Sns": {}}])
def test_what_functions_are_called_with_is_not_cloudtrail(event: dict[str, object]) -> None:
    assert recognised(json.dumps({"Records": [event]}).encode()) == []


def test_a_member_that_is_cut_has_its_beginning() -> None:
    members = members_of(b'[{"a":1,"b":{"c":[2]},"d":"say \\"x')
    assert members.texts == {"a": b"1", "b": b'{"c":[2]}', "d": b'"say \\"x'}
    assert members.text_of("d") == ""


JSON = st.lists(
    st.sampled_from([b"{", b"}", b"[", b"]", b'"a"', b'"', b":", b",", b"1", b" ", b"\\", b"\xff"])
).map(b"".join)


@given(head=JSON)
def test_no_beginning_makes_it_raise(head: bytes) -> None:
    assert all(text in head for text in members_of(b"{" + head).texts.values())
