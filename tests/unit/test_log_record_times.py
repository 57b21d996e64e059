"""`timestamp` and `time`: epoch milliseconds or ISO 8601, within the years 1 to 9999 of UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.log_record import TIMESTAMP_POSITION, LogRecords, Unusable, datetime_of
from ingestor.log_record.instants import microseconds_of

RECORDS = LogRecords(file_id=7, bucket="logs", key="a.json.gz", object_version="e1")


def timestamp_of(entry: dict[str, Any]) -> datetime:
    row = RECORDS.row_of(msgspec.json.encode(entry), 0)
    assert not isinstance(row, Unusable), row.reason
    return datetime_of(row[TIMESTAMP_POSITION])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0, "1970-01-01T00:00:00"),
        (-1, "1969-12-31T23:59:59.999"),
        (1_795_432_855_268, "2026-11-23T11:20:55.268"),
        (1_795_432_855_268.25, "2026-11-23T11:20:55.268250"),
        (1.0, "1970-01-01T00:00:00.001"),
        ("2026-11-23T11:20:55.268Z", "2026-11-23T11:20:55.268"),
        ("2026-11-23T11:20:55.123456789Z", "2026-11-23T11:20:55.123456"),
        ("2026-11-23T11:20:55", "2026-11-23T11:20:55"),
        ("2026-11-23 11:20:55+05:30", "2026-11-23T05:50:55"),
        ("20261123T112055-0800", "2026-11-23T19:20:55"),
        ("2026-11-23", "2026-11-23T00:00:00"),
    ],
)
@pytest.mark.parametrize("name", ["timestamp", "time"])
def test_milliseconds_and_iso_are_read_and_no_offset_means_utc(
    name: str, given: float | str, expected: str
) -> None:
    assert timestamp_of({name: given}) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


FIRST = "0001-01-01T00:00:00"
LAST = "9999-12-31T23:59:59.999999"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (FIRST + "Z", FIRST),
        ("0001-01-01T05:00:00+05:00", FIRST),
        ("0001-01-01T00:00:00-23:59", "0001-01-01T23:59:00"),
        (-62_135_596_800_000, FIRST),
        (-62_135_596_800_000.0, FIRST),
        (LAST + "Z", LAST),
        ("9999-12-31T18:59:59.999999-05:00", LAST),
        ("9999-12-31T23:59:59.999999+23:59", "9999-12-31T00:00:59.999999"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999"),
    ],
)
def test_both_ends_of_the_range_are_usable_with_any_offset(given: float | str, expected: str) -> None:
    assert timestamp_of({"timestamp": given}) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


UNUSABLE = [
    "0001-01-01T00:00:00+00:01",
    "0001-01-01T00:00:00.000000+23:59",
    "9999-12-31T23:59:59.999999-00:01",
    "9999-12-31T23:59:59-23:59",
    -62_135_596_800_001,
    253_402_300_800_000,
    253_402_300_800_000.0,
    10**30,
    1e308,
    -1e308,
    "",
    "yesterday",
    "1795432855268",
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
    assert timestamp_of({"timestamp": given, "time": 1}) == datetime(1970, 1, 1, microsecond=1000, tzinfo=UTC)


@pytest.mark.parametrize("given", UNUSABLE)
def test_without_a_usable_time_an_entry_is_unusable(given: object) -> None:
    text = msgspec.json.encode({"timestamp": given, "time": given})
    unusable = RECORDS.row_of(text, 0)
    assert isinstance(unusable, Unusable)
    assert unusable.reason.startswith("no usable time: timestamp is ")


def test_the_reason_quotes_what_was_there() -> None:
    text = b'{"timestamp":"soon","msg":"' + b"x" * 1000 + b'"}'
    assert RECORDS.row_of(text, 0) == Unusable('no usable time: timestamp is "soon", time is absent')
    long = RECORDS.row_of(b'{"time":"' + b"x" * 1_000_000 + b'"}', 0)
    assert isinstance(long, Unusable)
    assert len(long.reason) < 200


@pytest.mark.parametrize("given", [b"1e400", b"1" * 5000, b"-1e999999"])
def test_a_number_beyond_double_falls_back_to_time(given: bytes) -> None:
    row = RECORDS.row_of(b'{"timestamp":%b,"time":5}' % given, 0)
    assert not isinstance(row, Unusable)
    assert datetime_of(row[TIMESTAMP_POSITION]).microsecond == 5000


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_any_iso_time_is_read_to_the_microsecond_or_is_out_of_range(moment: datetime) -> None:
    since = moment - datetime(2000, 1, 1, tzinfo=UTC)
    in_range = (
        datetime.min.replace(tzinfo=UTC) - moment <= timedelta(0) <= datetime.max.replace(tzinfo=UTC) - moment
    )
    expected = since // timedelta(microseconds=1) if in_range else None
    assert microseconds_of(moment.isoformat()) == expected


@given(st.integers() | st.floats(allow_nan=False) | st.text())
def test_nothing_given_as_a_time_raises(value: float | str) -> None:
    microseconds = microseconds_of(value)
    assert microseconds is None or datetime_of(microseconds).tzinfo is UTC
