"""The header line before a line names its fields; CloudFront and IIS each have habits of their own."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import assert_cuts_and_resuming_change_nothing, outcomes, rows_of, sample

from ingestor.errors import ConfigurationError
from ingestor.formats.known import FormatOptions
from ingestor.formats.w3c import KNOWN

CLOUDFRONT = sample("cloudfront.log")
IIS = sample("iis.log")
OBJECTS = sample("cloudfront.json")
LINES = [*CLOUDFRONT.splitlines(), *IIS.splitlines(), *OBJECTS.splitlines()]


def of_data(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in row.items()
        if name not in ("id", "file_id", "ordinal", "message", "raw_data")
    }


def rows(data: bytes) -> list[dict[str, Any]]:
    return [each.row for each in outcomes(KNOWN, data) if each.rejected is None]


def test_a_request_to_cloudfront_fills_the_columns() -> None:
    found = rows(CLOUDFRONT)[0]
    assert of_data(found) == {
        "timestamp": "2026-11-24T12:00:01+00:00",
        "level": "info",
        "severity": 9,
        "method": "GET",
        "url": "/index.html?q=a%20b&page=2",
        "query": {"q": "a b", "page": "2"},
        "headers": {
            "host": "www.example.com",
            "referer": "https://www.example.com/[x]",
            "user-agent": "Mozilla/5.0 (Windows NT 10.0)",
            "cookie": "id=1; a=b",
        },
        "status_code": 200,
        "remote_address": "192.0.2.100",
        "remote_port": 11040,
        "processing_time_ms": 82.0,
        "request_id": "SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==",
        "hostname": "www.example.com",
        "cache_hit": True,
    }
    assert found["raw_data"]["cs(User-Agent)"] == "Mozilla/5.0%2520(Windows%2520NT%252010.0)"
    assert found["raw_data"]["time-taken"] == 0.082


def test_a_url_is_as_it_was_asked_for_and_unknown_fields_are_kept() -> None:
    found = rows(CLOUDFRONT)[1]
    assert (found["url"], found["level"]) == ("/api/caf%C3%A9", "error")
    assert "cache_hit" not in found
    assert found["raw_data"]["extra"] == ["new", "-"]


def test_a_viewer_that_was_gone_has_no_status() -> None:
    found = rows(CLOUDFRONT)[2]
    assert "status_code" not in found
    assert (found["level"], found["processing_time_ms"], found["raw_data"]["sc-status"]) == (
        "warn",
        30_000.0,
        0,
    )


def test_a_last_line_that_is_cut_is_rejected() -> None:
    reasons = [each.rejected for each in outcomes(KNOWN, CLOUDFRONT)]
    assert reasons == [None, None, None, "a line that is cut: it has 10 of 33 fields"]
    assert outcomes(KNOWN, IIS)[-1].rejected == "a line that is cut: it has 6 of 9 fields"


def test_a_request_to_iis_fills_the_columns() -> None:
    found = rows(IIS)[0]
    assert of_data(found) == {
        "timestamp": "2026-11-24T12:00:01+00:00",
        "level": "info",
        "severity": 9,
        "method": "GET",
        "url": "/index.aspx?id=7&name=a+b",
        "query": {"id": "7", "name": "a b"},
        "headers": {
            "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64)",
            "referer": "https://www.example.com/",
        },
        "status_code": 200,
        "remote_address": "192.0.2.7",
        "processing_time_ms": 187.0,
    }
    assert rows(IIS)[1]["raw_data"]["cs(User-Agent)"] == 'agent+"quoted"'
    assert rows(IIS)[1]["raw_data"]["cs-username"] == "EXAMPLE\\alice"


def test_a_second_header_midway_names_other_fields_and_the_date() -> None:
    found = rows(IIS)[2]
    assert found["timestamp"] == "2026-11-24T13:00:03+00:00"
    assert (found["hostname"], found["url"], found["status_code"]) == ("www.example.com", "/a", 500)
    assert found["headers"] == {"host": "www.example.com", "x-forwarded-for": "203.0.113.9"}


def test_others_take_times_in_seconds_and_quote_text() -> None:
    data = (
        b'#Fields: date time cs-uri time-taken comment\n2026-11-24 12:00:00 http://h/a?b=1 1.5 "two words"\n'
    )
    (found,) = rows_of(KNOWN, data)
    assert (found["processing_time_ms"], found["url"], found["query"]) == (
        1500.0,
        "http://h/a?b=1",
        {"b": "1"},
    )
    assert found["raw_data"]["comment"] == "two words"


def test_a_line_without_a_header_before_it_is_cloudfronts_or_rejected() -> None:
    bare = CLOUDFRONT.splitlines()[2]
    assert rows_of(KNOWN, bare)[0]["url"] == "/index.html?q=a%20b&page=2"
    reasons = [each.rejected for each in outcomes(KNOWN, IIS.splitlines()[4])]
    assert reasons == ["no `#Fields` before this line says what stands in it"]


def test_cloudfronts_json_has_the_same_columns_and_stays_as_it_is() -> None:
    first, second = rows_of(KNOWN, OBJECTS)
    assert of_data(first) == {
        "timestamp": "2026-11-24T12:00:01.234000+00:00",
        "level": "info",
        "severity": 9,
        "method": "GET",
        "url": "/index.html?a=1",
        "query": {"a": "1"},
        "headers": {"host": "www.example.com", "user-agent": "Mozilla/5.0 (X11)"},
        "status_code": 200,
        "remote_address": "192.0.2.100",
        "remote_port": 11040,
        "processing_time_ms": 12.0,
        "request_id": "abc==",
        "hostname": "www.example.com",
        "cache_hit": True,
    }
    assert first["raw_data"]["x-forwarded-for"] == "-"
    assert (second["level"], second["timestamp"]) == ("warn", "2026-11-24T12:00:02+00:00")


def test_files_are_recognised_by_their_head() -> None:
    for data in (CLOUDFRONT, IIS, OBJECTS):
        assert KNOWN.recognises(data)
    for other in (
        b"",
        b"#!/bin/sh\n",
        b"#separator \\x09\n#fields\tts\n",
        b"#Fields: date-time,client-ip\n",
        b'{"a": 1}',
    ):
        assert not KNOWN.recognises(other)


def test_options_of_no_use_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="`pattern` is of no use to w3c"):
        KNOWN.make(FormatOptions(pattern="x"))
    options = FormatOptions(columns={"hostname": ("s-ip", "x-edge-location")})
    assert outcomes(KNOWN, IIS, options)[0].row["hostname"] == "10.0.0.5"
    assert rows_of(KNOWN, OBJECTS, options)[0]["hostname"] == "DUB2-P1"


def test_a_rule_may_say_in_which_zone_times_are() -> None:
    options = FormatOptions(time_zone=ZoneInfo("Europe/Berlin"))
    assert outcomes(KNOWN, IIS, options)[0].row["timestamp"] == "2026-11-24T11:00:01+00:00"
    assert rows_of(KNOWN, OBJECTS, options)[1]["timestamp"] == "2026-11-24T11:00:02+00:00"


def test_a_header_without_names_may_stand_before_any_number_of_lines() -> None:
    found = outcomes(KNOWN, b"#Fields:\n" + b"2026-11-24 12:00:00\n" * 200)
    assert [each.rejected for each in found] == ["no usable time"] * 200


@given(
    data=st.lists(
        st.sampled_from(
            [
                *LINES,
                b"#Fields:",
                b"#Date: x",
                b"#Fields: time a",
                b"{",
                b'{"time":1,"c-ip":{},"cs(X)":[],"x-host-header":{}}',
                b"\t" * 40,
                b"\xff",
            ]
        ),
        max_size=8,
    ).map(b"\n".join)
    | st.binary(max_size=300),
    cuts=st.lists(st.integers(0, 3000), max_size=5),
)
def test_any_bytes_are_rows_or_rejections_wherever_they_are_cut(data: bytes, cuts: list[int]) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, data, cuts)
