"""A load balancer's logs, whichever it is, answer the same questions; no line is more than its own problem."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import (
    NO_OPTIONS,
    ORIGIN,
    assert_cuts_and_resuming_change_nothing,
    outcomes,
    rows_of,
    sample,
)

from ingestor.errors import ConfigurationError
from ingestor.formats.elb import KNOWN
from ingestor.formats.known import FormatOptions

SAMPLE = sample("elb.log")
LINES = SAMPLE.split(b"\n")
ROWS = rows_of(KNOWN, SAMPLE)
BY_SECOND = {row["timestamp"][17:19]: row for row in ROWS}


def row(line: str) -> dict[str, object]:
    return rows_of(KNOWN, line.encode())[0]


def test_every_line_but_the_control_line_is_a_row() -> None:
    assert len(ROWS) == 16
    assert [row["message"] for row in ROWS] == [line.decode() for line in LINES[1:-1]]


def test_an_application_load_balancers_request_fills_the_columns() -> None:
    found = dict(BY_SECOND["02"])
    raw = found.pop("raw_data")
    del found["id"], found["file_id"], found["ordinal"], found["message"]
    assert found == {
        "timestamp": "2026-11-24T12:00:02.186641+00:00",
        "level": "error",
        "severity": 17,
        "method": "POST",
        "url": "/search?q=a%20b&page=2&page=3",
        "query": {"q": "a b", "page": ["2", "3"]},
        "headers": {"host": "www.example.com", "user-agent": '"Mozilla/5.0" \\ €'},
        "status_code": 500,
        "remote_address": "192.0.2.39",
        "remote_port": 2818,
        "processing_time_ms": 171.0,
        "trace_id": "1-58337281-1d84f3d73c47ec4e58577259",
        "hostname": "www.example.com",
        "context": "app/shop/50dc6c495c0c9188",
    }
    assert raw["request"] == "POST https://www.example.com:443/search?q=a%20b&page=2&page=3 HTTP/1.1"
    assert (raw["target_processing_time"], raw["elb_status_code"], raw["matched_rule_priority"]) == (
        0.048,
        500,
        1,
    )
    assert raw["conn_trace_id"] == "TID_1234abcd5678ef91"
    assert not raw.keys() & {"error_reason", "redirect_url", "method", "url", "level", "extra"}


def test_addresses_of_version_6_stand_in_brackets() -> None:
    found = BY_SECOND["03"]
    assert (found["remote_address"], found["remote_port"]) == ("2001:db8::7", 48160)
    assert found["hostname"] == "2001:db8::1"
    assert (found["url"], found["query"]) == ('/a?b="', {"b": '"'})


def test_fields_that_aws_appended_are_kept_and_counted() -> None:
    assert BY_SECOND["03"]["raw_data"]["extra"] == ["198.51.100.9", "next"]
    mapper = KNOWN.make(NO_OPTIONS).mapper(ORIGIN)
    for ordinal, line in enumerate(LINES[1:-1]):
        mapper.row_of(line, ordinal)
    assert mapper.unknown_fields == 2


def test_what_is_no_request_has_neither_method_nor_url() -> None:
    found = BY_SECOND["04"]
    assert not found.keys() & {"method", "url", "query", "processing_time_ms", "trace_id"}
    assert (found["status_code"], found["level"]) == (400, "warn")
    assert found["hostname"] == "shop-1234567890.eu-west-1.elb.amazonaws.com"
    assert found["raw_data"]["request_processing_time"] == -1


def test_a_url_may_have_spaces() -> None:
    assert BY_SECOND["06"]["url"] == "/with a space/x y"


def test_a_time_that_was_not_measured_makes_no_sum() -> None:
    assert "processing_time_ms" not in BY_SECOND["07"]
    assert BY_SECOND["01"]["processing_time_ms"] == 1.0


def test_a_classic_load_balancers_lines_are_told_by_the_time_in_front() -> None:
    found = BY_SECOND["08"]
    assert (found["url"], found["status_code"], found["context"]) == ("/", 200, "old-shop")
    assert found["processing_time_ms"] == 1.178
    listener = BY_SECOND["09"]
    assert not listener.keys() & {"method", "url", "status_code", "headers"}
    assert listener["level"] == "info"
    assert BY_SECOND["10"]["headers"] == {"host": "www.example.com", "user-agent": '"research"'}


def test_a_network_load_balancers_connections() -> None:
    found = BY_SECOND["11"]
    assert (found["remote_address"], found["remote_port"], found["hostname"]) == (
        "192.0.2.46",
        51341,
        "shop.example.com",
    )
    assert (found["processing_time_ms"], found["level"]) == (5.0, "info")
    assert found["raw_data"]["alpn_client_preference_list"] == '"h2","http/1.1"'
    assert BY_SECOND["12"]["level"] == "warn"


def test_connections_of_an_application_load_balancer() -> None:
    found = BY_SECOND["13"]
    assert (found["remote_address"], found["remote_port"]) == ("192.0.2.48", 36280)
    assert (found["processing_time_ms"], found["trace_id"]) == (62.0, "TID_3180a73013c8ca4bac2f731159d4b0fe")
    failed = BY_SECOND["14"]
    assert (failed["remote_address"], failed["level"]) == ("2001:db8::9", "warn")
    assert failed["raw_data"]["extra"] == ["later", "7"]


def test_health_checks() -> None:
    found = BY_SECOND["15"]
    assert (found["status_code"], found["level"], found["hostname"]) == (200, "info", "10.0.0.1:80")
    assert found["processing_time_ms"] == 19.584
    assert BY_SECOND["16"]["level"] == "warn"


def test_a_control_file_has_no_entries() -> None:
    data = b"Enable AccessLog for ELB: shop at 2026-11-24T11:59:00.000Z"
    assert outcomes(KNOWN, data) == []
    assert KNOWN.recognises(data)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nothing of the kind", "not a line of a load balancer's log"),
        (LINES[1].decode()[:100], "a line of a load balancer's log that is cut: 8 fields"),
        (LINES[1].decode()[:150], "not a line of a load balancer's log: a quote without its partner"),
    ],
)
def test_other_lines_are_rejected_with_the_reason(line: str, reason: str) -> None:
    assert [each.rejected for each in outcomes(KNOWN, line.encode() + b"\n" + LINES[1])] == [reason, None]


def test_a_rule_may_name_fields_for_a_column() -> None:
    options = FormatOptions(columns={"request_id": ("conn_trace_id",), "url": ("redirect_url",)})
    found = rows_of(KNOWN, SAMPLE, options)
    assert found[1]["request_id"] == "TID_1234abcd5678ef91"
    assert found[2]["url"] == "https://example.com:80/"
    assert found[0]["url"] == "/"


def test_options_of_no_use_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="`pattern` is of no use to elb"):
        KNOWN.make(FormatOptions(pattern="x"))


def test_each_kind_of_line_is_recognised_and_other_files_are_not() -> None:
    assert all(KNOWN.recognises(line) for line in LINES[:-1])
    for other in (
        b"",
        b"{}",
        b"#Version: 1.0\n",
        b'192.0.2.7 - - [24/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1',
    ):
        assert not KNOWN.recognises(other)


@given(
    data=st.lists(st.sampled_from([*LINES[:-1], b'"', b"\\", b" ", b"\n", b"\xff"]), max_size=8).map(
        b"\n".join
    )
    | st.binary(max_size=300),
    cuts=st.lists(st.integers(0, 5000), max_size=5),
)
def test_any_bytes_are_rows_or_rejections_wherever_they_are_cut(data: bytes, cuts: list[int]) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, data, cuts)
