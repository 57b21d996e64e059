"""logfmt: pairs on a line become columns by the usual names; quotes, names alone and odd characters lose nothing."""

from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import assert_cuts_and_resuming_change_nothing, outcomes, rows_of, sample

from ingestor.errors import ConfigurationError
from ingestor.formats.known import FormatOptions
from ingestor.formats.logfmt import KNOWN, parsed, parsed_step_by_step
from ingestor.formats.own_fields import milliseconds_of

SAMPLE = sample("logfmt.log")
LINES = SAMPLE.decode().splitlines()
FOUND = outcomes(KNOWN, SAMPLE)


def test_every_column_of_a_usual_line() -> None:
    row = FOUND[0].row
    assert {name: row[name] for name in row if name not in {"id", "file_id", "ordinal", "raw_data"}} == {
        "timestamp": "2026-11-24T12:00:00.250000+00:00",
        "level": "info",
        "severity": 9,
        "message": LINES[0],
        "method": "GET",
        "url": "/orders?a=1",
        "status_code": 200,
        "remote_address": "192.0.2.1",
        "processing_time_ms": 12.5,
        "request_id": "abc",
        "hostname": "web-1",
    }
    assert row["raw_data"]["msg"] == "request completed"


def test_quotes_names_alone_and_empty_values_are_read() -> None:
    raw_data = FOUND[2].row["raw_data"]
    assert raw_data["err"] == "no such file: é"
    assert raw_data["retry"] is True
    assert raw_data["msg"] == ""
    assert FOUND[1].row["raw_data"]["msg"] == 'slow "query"'
    assert FOUND[1].row["processing_time_ms"] == 62_000
    assert FOUND[3].row["url"] == "/x?a=b=c"


def test_a_line_without_a_pair_is_rejected() -> None:
    assert [each.rejected for each in FOUND] == [None] * 4 + ["not logfmt: there is no name=value"]


def test_a_duration_is_read_with_its_unit() -> None:
    texts = ["340µs", "1.5s", "1h", "12", "1x", "", "2ns", "1m2.5s"]
    assert [milliseconds_of(text) for text in texts] == [
        0.34,
        1500,
        3_600_000,
        None,
        None,
        None,
        2e-06,
        62_500,
    ]


def test_it_is_recognised_only_by_a_time_with_a_level_or_a_message() -> None:
    assert KNOWN.recognises(SAMPLE)
    for other in (b"a=1 b=2\n", b'{"time":1,"msg":"level=info"}\n', b"", b"key=value level=info\n"):
        assert not KNOWN.recognises(other)


def test_a_rule_names_places_and_a_zone() -> None:
    line = b"time=2026-11-24T12:00:00 level=info msg=hello user=7\n"
    options = FormatOptions(
        columns={"message": ("msg",), "auth_user_id": ("user",)}, time_zone=timezone(timedelta(hours=1))
    )
    [row] = rows_of(KNOWN, line, options)
    assert (row["timestamp"], row["message"], row["auth_user_id"]) == (
        "2026-11-24T11:00:00+00:00",
        "hello",
        7,
    )
    with pytest.raises(ConfigurationError, match="`pattern` is of no use to logfmt"):
        KNOWN.make(FormatOptions(pattern="x"))


PARTS = st.sampled_from(
    ['a="b c"', "x=1", "alone", '"', "=", " ", "\t", "ts=1", "é", "\x1c", 'q=""', "z=a=b", "'"]
)


@given(st.lists(PARTS, max_size=12).map("".join))
def test_both_ways_to_read_a_line_say_the_same(line: str) -> None:
    found = parsed(line, None)
    assert not isinstance(found, dict) or found == parsed_step_by_step(line)


BYTES = st.sampled_from(
    [line.encode() + b"\n" for line in LINES] + [b'"', b"\\", b"=", b" ", b"\n", b"\0", b"\xff"]
)


@given(data=st.lists(BYTES, max_size=12).map(b"".join), cuts=st.lists(st.integers(0, 2000), max_size=4))
def test_any_bytes_give_the_same_rows_and_rejections_wherever_they_are_cut(
    data: bytes, cuts: list[int]
) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, data, cuts)
