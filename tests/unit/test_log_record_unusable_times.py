"""A `timestamp` that is none falls back to `time`; without either, an entry is rejected with its reason."""

from datetime import UTC, datetime

import msgspec
import pytest
from tests.support.records import NO_TIME

from ingestor.formats.json.mapping import JsonMapper
from ingestor.model.columns import TIMESTAMP_POSITION
from ingestor.model.instants import datetime_of
from ingestor.model.rows import Rejection, RowOrigin

RECORDS = JsonMapper(RowOrigin(7, "logs", "a.json.gz", "e1", None))

UNUSABLE = [
    "0001-01-01T00:00:00+00:01",
    "0001-01-01T00:00:00.000000+23:59",
    "9999-12-31T23:59:59.999999-00:01",
    "9999-12-31T23:59:59-23:59",
    -62_135_596_800_001,
    -62_135_596_800_000_000_001_000,
    253_402_300_800_000_000_000,
    253_402_300_800_000_000_000.0,
    10**30,
    1e308,
    -1e308,
    "",
    "yesterday",
    "1_795_432_855_268",
    "+1795432855268",
    " 1795432855268",
    "1795432855268ms",
    "1712121501234Z",
    "1712121501234+00:00",
    "1e400",
    "nan",
    "Infinity",
    "0x6b0",
    "1" * 5000,
    "\N{ARABIC-INDIC DIGIT ONE}795432855268",
    "2026-02-30T00:00:00Z",
    "\N{ARABIC-INDIC DIGIT TWO}026-11-23",
    True,
    False,
    None,
    [],
    {},
    {"$date": 0},
]


@pytest.mark.parametrize("given", UNUSABLE)
def test_an_unusable_timestamp_falls_back_to_time(given: object) -> None:
    row = RECORDS.row_of(msgspec.json.encode({"timestamp": given, "time": 1}), 0)
    assert isinstance(row, tuple), row
    assert datetime_of(row[TIMESTAMP_POSITION]) == datetime(1970, 1, 1, second=1, tzinfo=UTC)


@pytest.mark.parametrize("given", UNUSABLE)
def test_without_a_usable_time_an_entry_is_unusable(given: object) -> None:
    text = msgspec.json.encode({"timestamp": given, "time": given})
    unusable = RECORDS.row_of(text, 0)
    assert isinstance(unusable, Rejection)
    assert unusable.reason.startswith("no usable time: timestamp is ")


def test_the_reason_quotes_what_was_there() -> None:
    text = b'{"timestamp":"soon","msg":"' + b"x" * 1000 + b'"}'
    assert RECORDS.row_of(text, 0) == Rejection('no usable time: timestamp is "soon"')
    long = RECORDS.row_of(b'{"time":"' + b"x" * 1_000_000 + b'"}', 0)
    assert isinstance(long, Rejection)
    assert len(long.reason) < 200


def test_an_entry_without_any_time_says_so() -> None:
    assert RECORDS.row_of(b'{"level":30,"at":1795432855268}', 0) == Rejection(NO_TIME)
    assert RECORDS.row_of(b"{}", 0) == Rejection(NO_TIME)


def test_the_reason_quotes_nothing_from_within_an_array_or_an_object() -> None:
    text = b'{"timestamp":{"password":"hunter2"},"time":["hunter2"]}'
    assert RECORDS.row_of(text, 0) == Rejection("no usable time: timestamp is an object, time is an array")


@pytest.mark.parametrize("given", [b"1e400", b"1" * 5000, b"-1e999999"])
def test_a_number_beyond_double_falls_back_to_time(given: bytes) -> None:
    row = RECORDS.row_of(b'{"timestamp":%b,"time":5}' % given, 0)
    assert isinstance(row, tuple)
    assert datetime_of(row[TIMESTAMP_POSITION]).second == 5
