"""One entry to one row: which field goes where, and what is made of fields that don't fit."""

from typing import Any

import msgspec
import pytest
from tests.support.records import NOON, NOON_US, row_of

EVERY_FIELD = {
    "level": 30,
    "timestamp": NOON,
    "req": {
        "id": "r-1",
        "method": "GET",
        "url": "/a?b=1",
        "query": {"b": "1"},
        "headers": {"host": "x"},
        "params": {"p": [1, 2]},
        "remoteAddress": "::1",
        "remotePort": 4711,
    },
    "res": {"statusCode": 200},
    "trace_id": "t-1",
    "context": "Controller",
    "message": "done",
    "hostname": "api-1",
    "pid": 42,
    "authUserId": 5_000_000_000,
    "processingTimeMs": 1.5,
    "cacheHit": False,
    "documentCount": 0,
    "lastUpdated": "2026-11-23T12:00:00Z",
}


def test_every_field_goes_to_its_column() -> None:
    row = row_of(EVERY_FIELD)
    assert len(row.pop("id")) == 16
    assert row == {
        "file_id": 7,
        "ordinal": 3,
        "request_id": "r-1",
        "trace_id": "t-1",
        "timestamp": NOON_US,
        "level": "info",
        "severity": 9,
        "method": "GET",
        "url": "/a?b=1",
        "query": b'\x01{"b":"1"}',
        "headers": b'\x01{"host":"x"}',
        "params": b'\x01{"p":[1,2]}',
        "remote_address": "::1",
        "remote_port": 4711,
        "status_code": 200,
        "context": "Controller",
        "message": "done",
        "hostname": "api-1",
        "pid": 42,
        "auth_user_id": 5_000_000_000,
        "processing_time_ms": 1.5,
        "cache_hit": False,
        "document_count": 0,
        "last_updated": NOON_US - 500_000,
        "raw_data": msgspec.json.encode(EVERY_FIELD),
    }


def test_an_entry_with_nothing_but_a_time_is_a_row() -> None:
    row = row_of({"time": 0})
    filled = {name for name, value in row.items() if value is not None}
    assert filled == {"id", "file_id", "ordinal", "timestamp", "raw_data"}


@pytest.mark.parametrize(
    ("entry", "column", "value"),
    [
        ({"traceId": "camel"}, "trace_id", "camel"),
        ({"traceId": "camel", "trace_id": "snake"}, "trace_id", "snake"),
        ({"traceId": "camel", "trace_id": 1}, "trace_id", "camel"),
        ({"msg": "pino"}, "message", "pino"),
        ({"msg": "pino", "message": "ours"}, "message", "ours"),
        ({"msg": "pino", "message": ""}, "message", ""),
        ({"msg": "pino", "message": {"a": 1}}, "message", "pino"),
        ({"responseTime": 3}, "processing_time_ms", 3.0),
        ({"responseTime": 3, "processingTimeMs": 0}, "processing_time_ms", 0.0),
        ({"responseTime": 3, "processingTimeMs": "1"}, "processing_time_ms", 3.0),
    ],
)
def test_the_first_usable_of_two_names_counts(entry: dict[str, Any], column: str, value: object) -> None:
    assert row_of({"time": 0} | entry)[column] == value


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (b'"a"', "a"),
        (b'""', ""),
        (b"17", "17"),
        (b"-0", "0"),
        (b"123456789012345678901234567890", "123456789012345678901234567890"),
    ],
)
def test_a_request_id_is_text_whether_string_or_integer(given: bytes, text: str) -> None:
    assert row_of(b'{"time":0,"req":{"id":%b}}' % given)["request_id"] == text


@pytest.mark.parametrize("given", [b"1.5", b"1e3", b"true", b"null", b"[1]", b'{"a":1}', b"1" * 5000])
def test_a_request_id_of_another_type_is_null(given: bytes) -> None:
    row = row_of(b'{"time":0,"req":{"id":%b,"method":"GET"}}' % given)
    assert row["request_id"] is None
    assert row["method"] == "GET"


INTEGERS = {
    "pid": (b'{"time":0,"msg":"kept","pid":%b}', 32),
    "remote_port": (b'{"time":0,"msg":"kept","req":{"remotePort":%b}}', 32),
    "status_code": (b'{"time":0,"msg":"kept","res":{"statusCode":%b}}', 32),
    "auth_user_id": (b'{"time":0,"msg":"kept","authUserId":%b}', 64),
    "document_count": (b'{"time":0,"msg":"kept","documentCount":%b}', 64),
}


@pytest.mark.parametrize(("column", "template", "bits"), [(name, *of) for name, of in INTEGERS.items()])
def test_integers_are_kept_up_to_both_ends_of_their_column(column: str, template: bytes, bits: int) -> None:
    for number in (-(2 ** (bits - 1)), -1, 0, 2 ** (bits - 1) - 1):
        assert row_of(template % b"%d" % number)[column] == number


@pytest.mark.parametrize(("column", "template", "bits"), [(name, *of) for name, of in INTEGERS.items()])
def test_what_is_no_integer_or_too_large_is_null_and_the_row_is_kept(
    column: str, template: bytes, bits: int
) -> None:
    too_large = b"%d" % 2 ** (bits - 1)
    too_small = b"%d" % (-(2 ** (bits - 1)) - 1)
    for other in (
        too_large,
        too_small,
        b"9" * 5000,
        b"1.0",
        b"1e2",
        b'"1"',
        b"true",
        b"[]",
        b"{}",
        b"1e200000",
    ):
        row = row_of(template % other)
        assert row[column] is None, other
        assert row["message"] == "kept"


@pytest.mark.parametrize("given", [b"1e400", b"-1e400", b"1e200000", b'"1"', b"true", b"9" * 5000])
def test_what_is_no_double_is_null(given: bytes) -> None:
    assert row_of(b'{"time":0,"processingTimeMs":%b}' % given)["processing_time_ms"] is None


@pytest.mark.parametrize("given", [b"1", b'"true"', b"null", b"0.0"])
def test_what_is_no_boolean_is_null(given: bytes) -> None:
    assert row_of(b'{"time":0,"cacheHit":%b}' % given)["cache_hit"] is None


@pytest.mark.parametrize("req", [b"null", b'"GET /"', b"[]", b"[1]", b"1", b"true", b"1e400", b"{}"])
def test_a_req_that_is_no_object_leaves_its_columns_null(req: bytes) -> None:
    row = row_of(b'{"time":0,"msg":"kept","req":%b}' % req)
    assert row["message"] == "kept"
    assert {row[name] for name in ("request_id", "method", "url", "query", "headers", "params")} == {None}


@pytest.mark.parametrize("res", [b"null", b'"200"', b"[200]", b"200", b"false"])
def test_a_res_that_is_no_object_leaves_its_column_null(res: bytes) -> None:
    assert row_of(b'{"time":0,"res":%b}' % res)["status_code"] is None
