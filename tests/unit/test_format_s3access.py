"""S3's server access logs, of any age: 17 fields or more, a `-` bare or quoted, quotes as a user agent has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import assert_cuts_and_resuming_change_nothing, outcomes, rows_of, sample

from ingestor.errors import ConfigurationError
from ingestor.formats.known import FormatOptions
from ingestor.formats.s3access import KNOWN

SAMPLE = sample("s3access.log")
LINES = SAMPLE.rstrip(b"\n").split(b"\n")
ROWS = rows_of(KNOWN, SAMPLE)


def test_a_request_fills_the_columns() -> None:
    found = dict(ROWS[1])
    raw = found.pop("raw_data")
    del found["id"], found["file_id"], found["ordinal"], found["message"]
    assert found == {
        "timestamp": "2026-11-24T12:00:02+00:00",
        "level": "warn",
        "severity": 13,
        "method": "GET",
        "url": "/shop/photos/2026/a%20b.jpg?x-id=GetObject&partNumber=1",
        "query": {"x-id": "GetObject", "partNumber": "1"},
        "headers": {
            "host": "logs.s3.eu-west-1.amazonaws.com",
            "referer": "https://www.example.com/",
            "user-agent": "aws-sdk-go/1.44",
        },
        "status_code": 404,
        "remote_address": "192.0.2.3",
        "processing_time_ms": 38.0,
        "request_id": "891CE47D2EXAMPLE",
        "hostname": "logs.s3.eu-west-1.amazonaws.com",
        "context": "REST.GET.OBJECT",
    }
    assert (raw["key"], raw["error_code"], raw["acl_required"], raw["source_region"]) == (
        "photos/2026/a%2520b.jpg",
        "NoSuchKey",
        "Yes",
        "eu-west-1",
    )
    assert raw["time"] == "24/Nov/2026:12:00:02 +0000"


def test_the_oldest_logs_end_with_the_user_agent() -> None:
    found = ROWS[0]
    assert (found["headers"], found["status_code"]) == ({"user-agent": "S3Console/0.4"}, 200)
    assert not found["raw_data"].keys() & {"referer", "version_id", "extra"}


def test_lifecycle_rows_have_no_request() -> None:
    for found, operation in ((ROWS[2], "S3.EXPIRE.OBJECT"), (ROWS[3], "S3.CREATE.DELETEMARKER")):
        assert (found["context"], found["level"]) == (operation, "info")
        assert not found.keys() & {
            "method",
            "url",
            "status_code",
            "headers",
            "remote_address",
            "processing_time_ms",
        }
    assert ROWS[3]["raw_data"]["extra"] == ["later", "7"]


@pytest.mark.parametrize(("index", "agent"), [(4, 'my "quoted" agent'), (5, 'a "b" c'), (7, "back\\slash\\")])
def test_quotes_and_backslashes_of_a_user_agent_are_its_own(index: int, agent: str) -> None:
    found = ROWS[index]
    assert found["headers"]["user-agent"] == agent
    assert found["hostname"] == "logs.s3.eu-west-1.amazonaws.com"
    assert found["raw_data"]["signature_version"] == "SigV4"


def test_a_bucket_that_logs_into_itself_is_named_where_it_is_seen() -> None:
    found = rows_of(KNOWN, SAMPLE.replace(b"c.pdf", b"access/2026-11-24-11-58-01-0123456789ABCDEF"))
    named = [row for row in found if row["context"] == "bucket logs into itself"]
    assert [(row["raw_data"]["bucket"], row["level"]) for row in named] == [("logs", "warn")]
    assert named[0]["raw_data"]["operation"] == "REST.PUT.OBJECT"


def test_statuses_give_levels() -> None:
    assert [row["level"] for row in ROWS] == ["info", "warn", "info", "info", "error", "info", "warn", "info"]


@pytest.mark.parametrize(
    "line",
    [
        b"nothing of the kind",
        LINES[0][:150],
        LINES[1][:200],
        LINES[0].replace(b"[", b""),
        b'"' * 1000,
        b'" ' * 1000,
    ],
)
def test_other_lines_are_rejected(line: bytes) -> None:
    found = [each.rejected for each in outcomes(KNOWN, line + b"\n" + LINES[0])]
    assert found == ["not a line of an S3 server access log", None]


def test_a_file_is_recognised_by_its_first_line() -> None:
    assert all(KNOWN.recognises(line) for line in LINES)
    for other in (b"", b"{}", b'192.0.2.7 - - [24/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1'):
        assert not KNOWN.recognises(other)


def test_options_of_no_use_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="`header` is of no use to s3access"):
        KNOWN.make(FormatOptions(header=("a",)))
    found = rows_of(KNOWN, LINES[1], FormatOptions(columns={"url": ("key",)}))
    assert found[0]["url"] == "photos/2026/a%2520b.jpg"


@given(
    data=st.lists(st.sampled_from([*LINES, b'"', b'" "', b" ", b"\xff"]), max_size=6).map(b"\n".join)
    | st.binary(max_size=300),
    cuts=st.lists(st.integers(0, 3000), max_size=5),
)
def test_any_bytes_are_rows_or_rejections_wherever_they_are_cut(data: bytes, cuts: list[int]) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, data, cuts)
