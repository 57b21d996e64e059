"""An entry as a whole: what survives, and what is no entry."""

import msgspec
import pytest
from tests.support.records import RECORDS, reason_for, row_of

from ingestor.model.columns import COLUMNS, COPY_TYPES


def test_one_wrong_field_costs_only_itself() -> None:
    row = row_of(
        b'{"time":0,"level":[30],"pid":"x","hostname":"h","req":{"method":7,"url":"/","query":[1,"a"],"remotePort":1.5}}'
    )
    assert (row["level"], row["severity"], row["pid"], row["method"], row["remote_port"]) == (None,) * 5
    assert (row["hostname"], row["url"], row["query"]) == ("h", "/", b'\x01[1,"a"]')


@pytest.mark.parametrize("given", [b'"a=1"', b"[1, 2]", b"1e200000", b"true", b'{"a" :\n1}'])
def test_query_headers_and_params_are_any_json_with_its_own_bytes(given: bytes) -> None:
    row = row_of(b'{"time":0,"req":{"query": %b , "headers":%b,"params":%b}}' % (given, given, given))
    assert row["query"] == row["headers"] == row["params"] == b"\x01" + given


def test_a_json_null_is_a_database_null() -> None:
    row = row_of(b'{"time":0,"req":{"query":null,"headers": null ,"params":"null"}}')
    assert (row["query"], row["headers"], row["params"]) == (None, None, b'\x01"null"')


def test_the_last_of_repeated_keys_counts_and_raw_data_has_them_all() -> None:
    text = b'{"time":0,"context":"first","pid":"wrong","context":"last","pid":5,"req":{"id":1},"req":{"url":"/"}}'
    row = row_of(text)
    assert (row["context"], row["pid"], row["request_id"], row["url"]) == ("last", 5, None, "/")
    assert bytes(row["raw_data"]) == text


def test_raw_data_is_the_entry_byte_for_byte() -> None:
    text = b' {"time" : 0 ,\n "unknown":[1e200000, "\\u00e9\xc3\xa9"]} '
    assert bytes(row_of(msgspec.Raw(text))["raw_data"]) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"17", "not an object: a number"),
        (b"-1.5", "not an object: a number"),
        (b'"{}"', "not an object: a string"),
        (b"null", "not an object: null"),
        (b" true", "not an object: a boolean"),
        (b"\n[{}]", "not an object: an array"),
    ],
)
def test_an_entry_that_is_no_object_is_unusable(text: bytes, reason: str) -> None:
    assert reason_for(text) == reason


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"time":0',
        b'{"time":0,"msg":"\xff"}',
        b'{"time":0,"msg":"\\ud800"}',
        b'{"time":0,"msg":"a\nb"}',
        b'{"time":"x","req":{"id":"\\ud800"},"msg":1}',
        b"nul",
    ],
)
def test_what_is_no_json_is_unusable_and_raises_nothing(text: bytes) -> None:
    assert reason_for(text).startswith(("bad JSON: ", "no usable time: ", "not an object: "))


@pytest.mark.parametrize("depth", [10_000, 1_000_000])
def test_deep_nesting_is_unusable_and_raises_nothing(depth: int) -> None:
    assert reason_for(b'{"time":0,"x":' + b"[" * depth + b"]" * depth + b"}") == "nested too deeply"
    assert reason_for(b'{"time":0,"pid":"x","req":' + b'{"req":' * depth + b"1" + b"}" * depth + b"}") == (
        "nested too deeply"
    )


def test_there_is_a_dumper_for_each_column_and_a_value_for_each_dumper() -> None:
    row = RECORDS.row_of(b'{"time":0}', 0)
    assert isinstance(row, tuple)
    assert len(row) == len(COLUMNS) == len(COPY_TYPES)
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)
