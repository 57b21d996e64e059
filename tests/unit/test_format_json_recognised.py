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
