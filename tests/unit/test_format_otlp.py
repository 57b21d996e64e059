"""OpenTelemetry's JSON: one row a record, with its resource and scope."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import assert_cuts_and_resuming_change_nothing, outcomes, rows_of, sample

from ingestor.formats.json.otlp import KNOWN
from ingestor.formats.known import FormatOptions

FILE = sample("otlp.json")
NOON = "2026-11-23T12:00:00.500000+00:00"
OF_SHOP = {"hostname": "web-1", "pid": 17, "context": "shop.http", "timestamp": NOON}

EXPECTED: list[dict[str, Any]] = [
    OF_SHOP
    | {
        "level": "Notice", "severity": 10, "message": "request done", "trace_id": "5B8EFFF798038103D269B633813FC60C",
        "method": "GET", "status_code": 503, "url": "https://shop.example.com/a?b=1", "remote_address": "192.0.2.7",
        "request_id": "r-1",
    },
    OF_SHOP | {"level": "error", "severity": 17, "message": "in an object"},
    {
        "timestamp": "2026-11-23T12:00:00.250000+00:00", "level": "error", "severity": 17, "message": "pino within",
        "context": "late", "hostname": "web-1", "pid": 17,
    },
    {"timestamp": NOON, "level": "WARN", "severity": 13},
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(EXPECTED)))
def test_every_record_fills_the_columns_that_it_has_facts_for(index: int) -> None:
    row = rows_of(KNOWN, FILE)[index]
    internal = {"id", "file_id", "ordinal", "raw_data"}
    assert {name: value for name, value in row.items() if name not in internal} == EXPECTED[index]


def test_the_resource_and_the_scope_stand_behind_the_records_own_members() -> None:
    rows = rows_of(KNOWN, FILE)
    assert list(rows[0]["raw_data"])[-2:] == ["resource", "scope"]
    assert rows[2]["raw_data"]["scope"] == {"name": "late"}
    assert "resource" not in rows[3]["raw_data"]


def test_a_rule_names_an_attribute_by_its_key() -> None:
    options = FormatOptions(
        columns={"context": ("resource.service.name",), "method": ("attributes.request_id",)}
    )
    row = rows_of(KNOWN, FILE, options)[0]
    assert (row["context"], row["method"]) == ("shop", "r-1")


def test_a_record_without_a_time_is_rejected() -> None:
    data = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"0"},{"timeUnixNano":"soon"}]}]}]}'
    assert [outcome.rejected for outcome in outcomes(KNOWN, data)] == [
        'no usable time: timeUnixNano is "0"',
        'no usable time: timeUnixNano is "soon"',
    ]


@pytest.mark.parametrize("head", [FILE, FILE[:40], b'\n{ "x":1, "resourceLogs" : [ '])
def test_its_files_are_recognised(head: bytes) -> None:
    assert KNOWN.recognises(head)


@pytest.mark.parametrize(
    "head", [b"", b'{"resourceSpans":[]}', b'{"resourceLogs":', b'{"a":{"resourceLogs":[]}}']
)
def test_other_files_are_not(head: bytes) -> None:
    assert not KNOWN.recognises(head)


VALUES = st.sampled_from([
    b'{"stringValue":"a"}', b'{"intValue":"1"}', b'{"intValue":"--"}', b'{"doubleValue":"NaN"}', b"{}", b"null", b"[]",
    b'{"kvlistValue":{"values":[{"key":"message","value":{"stringValue":"{}"}},{"key":1},2]}}',
    b'{"arrayValue":{"values":[{"arrayValue":{}}]}}', b'{"stringValue":"{\\"level\\":30,\\"time\\":1}"}', b"1e400",
])  # fmt: skip
RECORDS = st.tuples(VALUES, VALUES, st.sampled_from([b"9", b'"17"', b'"x"', b"99", b"true", b"null"])).map(
    lambda parts: (
        b'{"timeUnixNano":"1","body":%b,"attributes":[{"key":"http.method","value":%b}],"severityNumber":%b}'
        % parts
    )
)
OBJECTS = st.tuples(VALUES, st.lists(RECORDS, max_size=3)).map(
    lambda each: (
        b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[%b]}],"resource":%b}]}'
        % (b",".join(each[1]), each[0])
    )
)


@given(parts=st.lists(st.just(FILE) | OBJECTS, max_size=4), cuts=st.lists(st.integers(0, 5000), max_size=6))
def test_cuts_and_resuming_change_nothing(parts: list[bytes], cuts: list[int]) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, b"".join(parts), cuts)
