"""CloudTrail: one row an event, of files on one line, of any size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import ORIGIN, assert_cuts_and_resuming_change_nothing, outcomes, rows_of, sample

from ingestor.formats.json.cloudtrail import KNOWN
from ingestor.formats.known import FormatOptions

FILE = sample("cloudtrail.json")
DIGEST = sample("cloudtrail-digest.json")


def test_an_event_fills_the_columns_that_it_has_facts_for() -> None:
    row = rows_of(KNOWN, FILE)[0]
    raw_data = row.pop("raw_data")
    assert raw_data["eventID"] == "11111111-2222-3333-4444-555555555555"
    assert {name: value for name, value in row.items() if name not in {"id", "file_id", "ordinal"}} == {
        "timestamp": "2026-11-23T12:00:00+00:00",
        "level": "info",
        "severity": 9,
        "message": "GetObject",
        "request_id": "ABCDEF0123456789",
        "context": "s3.amazonaws.com",
        "remote_address": "192.0.2.7",
        "hostname": "amzn-s3-demo-bucket.s3.eu-west-1.amazonaws.com",
        "headers": {"user-agent": "[aws-cli/2.17.0]"},
        "params": {"bucketName": "amzn-s3-demo-bucket", "key": "a b/ü.txt"},
    }


def test_raw_data_is_the_event_byte_for_byte() -> None:
    made = KNOWN.make(FormatOptions())
    [event] = [b'{"eventTime" : "2026-11-23T12:00:00Z", "eventTime":"2026-11-23T12:00:00Z"}']
    row = made.mapper(ORIGIN).row_of(event, 0)
    assert isinstance(row, tuple)
    assert row[-1] == event


def test_the_level_says_whether_the_caller_or_the_service_failed() -> None:
    rows = rows_of(KNOWN, FILE)
    assert [row["level"] for row in rows] == ["info", "warn", "error", "info", "warn"]
    assert rows[1]["message"] == "PutBucketPolicy: AccessDenied: Access Denied"


def test_request_parameters_of_another_type_are_in_raw_data_alone() -> None:
    rows = rows_of(KNOWN, FILE)
    assert ["params" in row for row in rows] == [True, False, False, False, False]
    assert rows[3]["raw_data"]["requestParameters"] == [1, {"a": '}]},{"Records":['}]


def test_an_insight_is_a_warning_with_its_own_names() -> None:
    row = rows_of(KNOWN, FILE)[4]
    assert (row["level"], row["message"]) == ("warn", "CreateUser: ApiCallRateInsight: Start")
    assert (row["context"], row["request_id"]) == (
        "iam.amazonaws.com",
        "66666666-7777-8888-9999-000000000000",
    )


def test_a_digest_file_has_no_entries() -> None:
    assert outcomes(KNOWN, DIGEST) == []


def test_any_other_object_is_rejected_and_not_lost() -> None:
    [outcome] = outcomes(KNOWN, b'{"Events":[{"eventTime":"2026-11-23T12:00:00Z"}]}')
    assert outcome.rejected == "an object without an array `Records`"


@pytest.mark.parametrize(
    "head",
    [
        FILE,
        DIGEST,
        FILE[:600],
        b"\xef\xbb\xbf \n" + FILE,
        b'{ "x" : [1, {}], "Records" : [ {"eventID": "1", "eventTime": "2026',
    ],
)
def test_its_files_are_recognised(head: bytes) -> None:
    assert KNOWN.recognises(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"{",
        b'{"Records":',
        b'{"Records":[]}',
        b'{"x":"Records","y":{"Records":[{"eventID":"1"}]}}',
        b'{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventTime":"2026-11-23T12:00:00Z","s3":{}}]}',
        b'{"level":30,"time":1,"msg":"\\"Records\\":[{"}',
    ],
)
def test_other_files_are_not(head: bytes) -> None:
    assert not KNOWN.recognises(head)


ELEMENTS = st.sampled_from(
    [b'{"eventTime":"2026-11-23T12:00:00Z"}', b"{}", b"7", b'{"eventTime":01}', b'{"a":"\xff"}']
)
OBJECTS = st.lists(ELEMENTS, max_size=4).map(lambda parts: b'{"Records":[%b]}' % b",".join(parts))


@given(
    parts=st.lists(st.sampled_from([FILE, DIGEST, b"\n", b'{"a":1}']) | OBJECTS, max_size=5),
    cuts=st.lists(st.integers(0, 9000), max_size=6),
)
def test_cuts_and_resuming_change_nothing(parts: list[bytes], cuts: list[int]) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, b"".join(parts), cuts)
