"""A header line names a flow log's fields, in any order; records without traffic are rows as well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import assert_cuts_and_resuming_change_nothing, outcomes, rows_of, sample

from ingestor.errors import ConfigurationError
from ingestor.formats.known import FormatOptions
from ingestor.formats.vpcflow import KNOWN

SAMPLE = sample("vpcflow.log")
LINES = SAMPLE.rstrip(b"\n").split(b"\n")
FOUND = outcomes(KNOWN, SAMPLE)
ROWS = [each.row for each in FOUND if each.rejected is None]


def test_a_flow_fills_the_columns() -> None:
    found = dict(ROWS[0])
    del found["id"], found["file_id"], found["ordinal"]
    assert found == {
        "timestamp": "2026-11-24T12:00:00+00:00",
        "level": "warn",
        "severity": 13,
        "message": LINES[1].decode(),
        "remote_address": "192.0.2.9",
        "remote_port": 49761,
        "hostname": "eni-0a1b2c3d4e5f67890",
        "context": "REJECT",
        "raw_data": {
            "version": 2,
            "account-id": "123456789012",
            "interface-id": "eni-0a1b2c3d4e5f67890",
            "srcaddr": "192.0.2.9",
            "dstaddr": "198.51.100.12",
            "srcport": 49761,
            "dstport": 3389,
            "protocol": 6,
            "packets": 20,
            "bytes": 4249,
            "start": 1795521600,
            "end": 1795521660,
            "action": "REJECT",
            "log-status": "OK",
        },
    }


def test_an_account_keeps_its_zeros() -> None:
    assert ROWS[1]["raw_data"]["account-id"] == "012345678901"
    assert (ROWS[1]["remote_address"], ROWS[1]["level"]) == ("2001:db8::7", "info")


def test_records_without_traffic_and_skipped_records_are_rows() -> None:
    nodata, skipped = ROWS[2], ROWS[3]
    assert (nodata["context"], nodata["level"], skipped["context"], skipped["level"]) == (
        "NODATA",
        "info",
        "SKIPDATA",
        "warn",
    )
    assert "remote_address" not in nodata
    assert nodata["raw_data"].keys() == {
        "version",
        "account-id",
        "interface-id",
        "start",
        "end",
        "log-status",
    }


def test_the_last_header_before_a_record_names_its_fields() -> None:
    found = ROWS[4]
    assert (found["remote_address"], found["remote_port"]) == ("192.0.2.10", 443)
    assert (found["timestamp"], found["hostname"]) == ("2026-11-24T12:00:04+00:00", "i-0123456789abcdef0")
    assert found["raw_data"]["traffic-path"] == 8
    assert ROWS[5]["remote_address"] == "203.0.113.6"
    assert ROWS[5]["raw_data"]["extra"] == ["later"]


def test_a_record_that_is_cut_is_rejected() -> None:
    assert [each.rejected for each in FOUND[6:]] == ["a flow log record with 5 of 10 fields"]
    assert len(FOUND) == 7


def test_without_a_header_the_default_format_is_read() -> None:
    assert rows_of(KNOWN, LINES[1]) == [{**ROWS[0], "id": rows_of(KNOWN, LINES[1])[0]["id"]}]
    assert KNOWN.recognises(LINES[1])


def test_a_file_is_recognised_by_its_header() -> None:
    assert KNOWN.recognises(LINES[0] + b"\n")
    assert KNOWN.recognises(LINES[5])
    for other in (
        b"",
        b"a b c\n",
        b"{}",
        b"the start of it\n2",
        b"2 apples and 12 other things to be bought here a b c d e",
        b"start\n",
        b"action required\n",
        b'start\n{"time":1795432855268,"msg":"hello"}\n',
        b"version region\nstarting the service\n",
    ):
        assert not KNOWN.recognises(other)


def test_options_of_no_use_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="`time_format` is of no use to vpcflow"):
        KNOWN.make(FormatOptions(time_format="%s"))
    found = rows_of(KNOWN, LINES[1], FormatOptions(columns={"remote_address": ("dstaddr",)}))
    assert found[0]["remote_address"] == "198.51.100.12"


@given(
    data=st.lists(st.sampled_from([*LINES, b"start", b"version x", b" ", b"\xff"]), max_size=8).map(
        b"\n".join
    )
    | st.binary(max_size=300),
    cuts=st.lists(st.integers(0, 3000), max_size=5),
)
def test_any_bytes_are_rows_or_rejections_wherever_they_are_cut(data: bytes, cuts: list[int]) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, data, cuts)
