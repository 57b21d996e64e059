"""Access logs of nginx and Apache become rows, with what is put before and behind; garbage requests have no parts."""

from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import assert_cuts_and_resuming_change_nothing, outcomes, rows_of, sample

from ingestor.errors import ConfigurationError
from ingestor.formats import combined
from ingestor.formats.combined import KNOWN, parsed, parsed_step_by_step
from ingestor.formats.known import FormatOptions

SAMPLE = sample("combined.log")
ROWS = rows_of(KNOWN, SAMPLE)
LINES = SAMPLE.decode().splitlines()


def values(column: str) -> list[object]:
    return [row.get(column) for row in ROWS]


def test_every_column_of_a_usual_line() -> None:
    row = ROWS[0]
    raw_data = row.pop("raw_data")
    assert {name: row[name] for name in row if name not in {"id", "file_id", "ordinal"}} == {
        "timestamp": "2026-11-24T12:00:00+00:00",
        "level": "info",
        "severity": 9,
        "message": LINES[0],
        "method": "GET",
        "url": "/health?full=1",
        "query": {"full": "1"},
        "headers": {"referer": "https://www.example.org/start", "user-agent": "curl/8.5.0"},
        "remote_address": "192.0.2.7",
        "status_code": 200,
    }
    assert raw_data == {
        "remote_addr": "192.0.2.7",
        "remote_user": "alice",
        "time_local": "24/Nov/2026:12:00:00 +0000",
        "request": "GET /health?full=1 HTTP/1.1",
        "request_method": "GET",
        "request_uri": "/health?full=1",
        "server_protocol": "HTTP/1.1",
        "status": 200,
        "body_bytes_sent": 612,
        "http_referer": "https://www.example.org/start",
        "http_user_agent": "curl/8.5.0",
    }


def test_the_level_is_that_of_the_status() -> None:
    assert values("status_code") == [200, 404, 503, 301, 200, 400, 408, 400, 499, 200, 200, 200, 200, 207]
    assert values("level")[:4] == ["info", "warn", "error", "info"]


def test_a_time_keeps_its_offset_and_its_fraction() -> None:
    assert values("timestamp")[1] == "2026-11-24T12:00:00.250000+00:00"


def test_a_virtual_host_in_front_is_the_hostname() -> None:
    assert values("hostname")[2:4] == ["www.example.org", "shop.example.org"]
    assert [values("remote_address")[2], values("remote_address")[3]] == ["2001:db8::7", "192.0.2.9"]
    assert ROWS[3]["raw_data"]["remote_user"] == "john doe"


def test_the_first_of_several_addresses_in_front_is_the_client() -> None:
    assert ROWS[4]["remote_address"] == "203.0.113.5"
    assert ROWS[4]["headers"]["x-forwarded-for"] == "203.0.113.5, 198.51.100.2"
    assert ROWS[8]["remote_address"] == "192.0.2.13"
    assert ROWS[8]["headers"]["x-forwarded-for"] == "203.0.113.9, 198.51.100.3"


def test_a_request_is_taken_apart_only_where_it_is_one() -> None:
    assert values("url") == [
        "/health?full=1", "/", "/orders/a b", '/x"y', "/behind-a-proxy", None, None, None,
        "/proxied", "/slow", "/named", "/ingress", "/more", "/dav",
    ]  # fmt: skip
    assert ROWS[5]["raw_data"]["request"] == r"\x16\x03\x01\x02\x00\x01\x00"
    assert values("method")[-1] == "PROPFIND"
    assert ROWS[8]["hostname"] == "www.example.org"
    assert ROWS[8]["raw_data"]["request_uri"] == "http://www.example.org/proxied"


def test_what_is_escaped_is_read_and_what_is_no_text_stays_escaped() -> None:
    assert ROWS[2]["headers"]["user-agent"] == 'Mozilla/5.0 ("quoted" \\)'
    assert combined.unescaped(r"\xc3\xa9") == "é"
    assert combined.unescaped(r"\xff\x00") == r"\xff\x00"


def test_times_and_names_behind_are_found() -> None:
    assert values("processing_time_ms")[9:12] == [1234.0, 50.0, 7.0]
    assert values("request_id")[10:12] == ["abc-1", "4d5e"]
    assert ROWS[10]["raw_data"]["uct"] == 0.001
    assert ROWS[11]["raw_data"]["upstream_addr"] == "10.0.0.5:8080"
    assert ROWS[12]["raw_data"]["extra"] == ["5123", "x", "HIT"]


def test_a_usual_line_says_the_same_when_it_is_read_step_by_step() -> None:
    assert [parsed(line, None) for line in LINES] == [parsed_step_by_step(line) for line in LINES]


def test_what_is_no_such_line_is_rejected() -> None:
    found = outcomes(
        KNOWN, b'hello\n192.0.2.1 - - [yesterday] "GET / HTTP/1.1" 200 1\n- - [x] "GET / HTTP/1.1" 200 1'
    )
    assert [each.rejected for each in found] == [
        "not a line of an access log (common or combined)",
        "no usable time",
        "not a line of an access log: no address, ident and user before the time",
    ]


def test_it_is_recognised_by_its_lines_and_nothing_else_is() -> None:
    assert KNOWN.recognises(SAMPLE)
    assert KNOWN.recognises(SAMPLE[:300])
    for other in (b"", b"hello\n", b'{"time":1,"msg":"x"}\n', b"time=1 level=info\n"):
        assert not KNOWN.recognises(other)


def test_a_time_without_a_zone_is_that_of_the_rule() -> None:
    line = b'192.0.2.1 - - [24/Nov/2026:12:00:00] "GET / HTTP/1.1" 200 1\n'
    assert rows_of(KNOWN, line)[0]["timestamp"] == "2026-11-24T12:00:00+00:00"
    east = FormatOptions(time_zone=timezone(timedelta(hours=2)))
    assert rows_of(KNOWN, line, east)[0]["timestamp"] == "2026-11-24T10:00:00+00:00"
    assert rows_of(KNOWN, SAMPLE, east)[0]["timestamp"] == "2026-11-24T12:00:00+00:00"
    dotted = FormatOptions(time_zone=UTC, time_format="%d.%m.%Y %H:%M")
    line = line.replace(b"24/Nov/2026:12:00:00", b"24.11.2026 12:01")
    assert rows_of(KNOWN, line, dotted)[0]["timestamp"] == "2026-11-24T12:01:00+00:00"


def test_a_rule_may_name_other_places_and_a_useless_option_is_refused() -> None:
    row = rows_of(KNOWN, SAMPLE, FormatOptions(columns={"request_id": ("uct",), "context": ("ua",)}))[10]
    assert row["context"] == "x y"
    with pytest.raises(ConfigurationError, match="`delimiter` is of no use to combined"):
        KNOWN.make(FormatOptions(delimiter=";"))
    for useless in ("%H:%M", "%Y-%Q"):
        with pytest.raises(ConfigurationError, match="time_format"):
            KNOWN.make(FormatOptions(time_format=useless))


PARTS = st.sampled_from(
    [line.encode() + b"\n" for line in LINES]
    + [b'"', b"\\", b" ", b"[", b"]", b"-", b",", b"\n", b"\0", b"\xff", b"x="]
)


@given(data=st.lists(PARTS, max_size=12).map(b"".join), cuts=st.lists(st.integers(0, 2000), max_size=4))
def test_any_bytes_give_the_same_rows_and_rejections_wherever_they_are_cut(
    data: bytes, cuts: list[int]
) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, data, cuts)
