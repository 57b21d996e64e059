"""syslog, old and new, told apart by line; the year of the old is the upload's, and never the load's clock's."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import (
    ORIGIN,
    assert_cuts_and_resuming_change_nothing,
    outcomes,
    rows_of,
    sample,
)

from ingestor.errors import ConfigurationError
from ingestor.formats.known import FormatOptions
from ingestor.formats.syslog import KNOWN
from ingestor.model.instants import microseconds_of

SAMPLE = sample("syslog.log")
LINES = SAMPLE.decode().splitlines()
UPLOADED = replace(ORIGIN, uploaded_at=microseconds_of("2026-11-24T12:30:00Z"))
FOUND = outcomes(KNOWN, SAMPLE, origin=UPLOADED)


def times(lines: str, uploaded_at: str, options: FormatOptions | None = None) -> list[str]:
    origin = replace(ORIGIN, uploaded_at=microseconds_of(uploaded_at))
    found = outcomes(KNOWN, lines.encode(), options or FormatOptions(), origin=origin)
    return [each.row["timestamp"].removesuffix("+00:00") for each in found]


def test_every_column_of_a_line_of_rfc_5424() -> None:
    row = FOUND[1].row
    assert {name: row[name] for name in row if name not in {"id", "file_id", "ordinal", "raw_data"}} == {
        "timestamp": "2026-11-24T12:14:15.000003+00:00",
        "level": "notice",
        "severity": 10,
        "message": LINES[1],
        "context": "myproc",
        "hostname": "192.0.2.1",
        "pid": 8710,
    }
    assert row["raw_data"]["msg"] == "%% It's time to make the do-nuts."


def test_structured_data_is_an_object_with_its_escapes_read() -> None:
    assert FOUND[2].row["raw_data"]["structured_data"] == {
        "exampleSDID@32473": {"iut": "3", "eventSource": 'Appli"ca]tion'},
        "examplePriority@32473": {"class": "high"},
    }
    assert FOUND[3].row["raw_data"]["structured_data"] == {"only@32473": {}}


def test_a_line_of_the_old_form_has_host_program_and_process() -> None:
    columns = ("timestamp", "level", "hostname", "context", "pid")
    assert [[each.row.get(name) for name in columns] for each in FOUND[5:10]] == [
        ["2026-10-11T22:14:15+00:00", "crit", "mymachine", "su", 230],
        ["2026-11-04T02:00:01+00:00", None, "web-1", "CRON", None],
        ["2026-11-24T11:00:00.123456+00:00", None, "web-1", "sshd", 812],
        ["2026-11-24T12:00:01+00:00", "info", "fw-1", "%ASA-6-302013", None],
        ["2024-02-29T10:00:00+00:00", "notice", "192.0.2.9", None, None],
    ]


def test_the_year_is_that_of_the_last_such_time_before_a_day_after_the_upload() -> None:
    lines = "Dec 31 23:59:59 h a: x\nJan  1 00:00:05 h a: y\n"
    assert times(lines, "2027-01-01T00:01:00Z") == ["2026-12-31T23:59:59", "2027-01-01T00:00:05"]
    assert times(lines, "2026-12-31T23:00:00Z") == ["2026-12-31T23:59:59", "2027-01-01T00:00:05"]
    assert times(lines, "2026-12-29T23:00:00Z") == ["2025-12-31T23:59:59", "2026-01-01T00:00:05"]


def test_the_clock_of_the_old_form_is_in_the_rules_zone() -> None:
    east = FormatOptions(time_zone=timezone(timedelta(hours=9)))
    assert times("Nov 24 20:00:00 h a: x\n", "2026-11-24T12:00:00Z", east) == ["2026-11-24T11:00:00"]
    assert times("<1>1 2026-11-24T12:00:00Z h a - - - x\n", "2026-11-24T12:00:00Z", east) == [
        "2026-11-24T12:00:00"
    ]


def test_without_the_objects_time_the_old_form_has_no_usable_time() -> None:
    found = outcomes(KNOWN, SAMPLE)
    assert [each.rejected for each in found[4:7]] == ["no usable time"] * 3
    assert found[8].row["timestamp"] == "2026-11-24T12:00:01+00:00"


def test_what_is_no_syslog_is_rejected() -> None:
    assert [each.rejected for each in FOUND[10:]] == [
        "not syslog: neither RFC 5424 nor RFC 3164",
        "not RFC 5424: bad structured data",
    ]


def test_both_forms_are_recognised_where_a_program_is_named() -> None:
    assert KNOWN.recognises(SAMPLE[:400])
    assert KNOWN.recognises(b"Nov 24 12:00:00 web-1 su: x\n")
    assert KNOWN.recognises(b"<34>Nov  4 12:00:00 web-1 CRON[12]: (root) CMD (true)\n")
    assert KNOWN.recognises(b"2026-11-24T12:00:00.123456+01:00 web-1 sshd[812]: Accepted\n")
    assert not KNOWN.recognises(b"Nov 24 12:00:00 started all workers\n")
    assert not KNOWN.recognises(b"2026-11-24T12:00:00Z INFO main: ready\n")
    assert not KNOWN.recognises(b"<xml>1 2026</xml>\n")
    assert not KNOWN.recognises(b"")


def test_a_rule_names_places_and_a_useless_option_is_refused() -> None:
    [row] = rows_of(KNOWN, LINES[1].encode(), FormatOptions(columns={"message": ("msg",)}))
    assert row["message"] == "%% It's time to make the do-nuts."
    with pytest.raises(ConfigurationError, match="`time_format` is of no use to syslog"):
        KNOWN.make(FormatOptions(time_format="%Y"))


PARTS = st.sampled_from(
    [line.encode() + b"\n" for line in LINES]
    + [b'"', b"\\", b"]", b" ", b"[a@1 b=", b"\n", b"\0", b"\xff", b"<13>1 -"]
)


@given(data=st.lists(PARTS, max_size=12).map(b"".join), cuts=st.lists(st.integers(0, 2000), max_size=4))
def test_any_bytes_give_the_same_rows_and_rejections_wherever_they_are_cut(
    data: bytes, cuts: list[int]
) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, data, cuts)
