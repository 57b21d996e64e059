"""`timestamp` and `time`: a number whose magnitude tells its unit, or ISO 8601; the years 1 to 9999 of UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ingestor.formats.json.mapping import JsonMapper
from ingestor.model.columns import TIMESTAMP_POSITION
from ingestor.model.instants import datetime_of, microseconds_of
from ingestor.model.rows import RowOrigin

RECORDS = JsonMapper(RowOrigin(7, "logs", "a.json.gz", "e1", None))


def timestamp_of(entry: dict[str, Any]) -> datetime:
    row = RECORDS.row_of(msgspec.json.encode(entry), 0)
    assert isinstance(row, tuple), row
    return datetime_of(row[TIMESTAMP_POSITION])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0, "1970-01-01T00:00:00"),
        (-1, "1969-12-31T23:59:59"),
        (1.5, "1970-01-01T00:00:01.500"),
        (1_795_432_855, "2026-11-23T11:20:55"),
        (1_795_432_855.268, "2026-11-23T11:20:55.268"),
        (1_795_432_855.268123, "2026-11-23T11:20:55.268123"),
        (1_795_432_855_268, "2026-11-23T11:20:55.268"),
        (1_795_432_855_268.25, "2026-11-23T11:20:55.268250"),
        (1_795_432_855_268_123, "2026-11-23T11:20:55.268123"),
        (1_795_432_855_268_123.0, "2026-11-23T11:20:55.268123"),
        (1_795_432_855_268_123_456, "2026-11-23T11:20:55.268123"),
        (1.795432855268e18, "2026-11-23T11:20:55.268"),
        ("2026-11-23T11:20:55.268Z", "2026-11-23T11:20:55.268"),
        ("2026-11-23T11:20:55.123456789Z", "2026-11-23T11:20:55.123456"),
        ("2026-11-23T11:20:55", "2026-11-23T11:20:55"),
        ("2026-11-23 11:20:55+05:30", "2026-11-23T05:50:55"),
        ("20261123T112055-0800", "2026-11-23T19:20:55"),
        ("2026-11-23", "2026-11-23T00:00:00"),
    ],
)
@pytest.mark.parametrize("name", ["timestamp", "time"])
def test_numbers_and_iso_are_read_and_no_offset_means_utc(
    name: str, given: float | str, expected: str
) -> None:
    assert timestamp_of({name: given}) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (10**11 - 1, "5138-11-16T09:46:39"),
        (10**11, "1973-03-03T09:46:40"),
        (10**14 - 1, "5138-11-16T09:46:39.999"),
        (10**14, "1973-03-03T09:46:40"),
        (10**17 - 1, "5138-11-16T09:46:39.999999"),
        (10**17, "1973-03-03T09:46:40"),
        (-(10**11) + 1, "-"),
        (-62_135_596_800, "0001-01-01T00:00:00"),
        (-(10**11), "1966-10-31T14:13:20"),
        (-(10**14) + 1, "-"),
        (-(10**14), "1966-10-31T14:13:20"),
        (-(10**17), "1966-10-31T14:13:20"),
        (-(10**17) - 1, "1966-10-31T14:13:19.999999"),
    ],
)
def test_the_magnitude_tells_the_unit_of_negative_numbers_too(given: int, expected: str) -> None:
    microseconds = microseconds_of(given)
    assert (microseconds is None) == (expected == "-")
    if microseconds is not None:
        assert datetime_of(microseconds) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("0", "1970-01-01T00:00:00"),
        ("1795432855", "2026-11-23T11:20:55"),
        ("1795432855.268", "2026-11-23T11:20:55.268"),
        ("1795432855268", "2026-11-23T11:20:55.268"),
        ("1795432855268123", "2026-11-23T11:20:55.268123"),
        ("1795432855268123456", "2026-11-23T11:20:55.268123"),
        ("1.795432855268e9", "2026-11-23T11:20:55.268"),
        ("1795432855268E-3", "2026-11-23T11:20:55.268"),
        ("1795432855268e+6", "2026-11-23T11:20:55.268"),
        ("-86400", "1969-12-31T00:00:00"),
        # Python reads these as 1712-12-15T12:34:00: any character may stand where ISO has its T.
        ("1712121501234", "2024-04-03T05:18:21.234"),
        ("1712121501234.5", "2024-04-03T05:18:21.234500"),
    ],
)
def test_a_number_in_a_string_is_read_as_the_number(given: str, expected: str) -> None:
    assert timestamp_of({"time": given}) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("20261123", "2026-11-23T00:00:00"),
        ("20261323", "1970-08-23T12:08:43"),
        ("20261123112055", "2026-11-23T11:20:55"),
        ("20261123112099", "2612-01-19T17:45:12.099"),
    ],
)
def test_eight_or_fourteen_digits_that_are_a_date_are_that_date(given: str, expected: str) -> None:
    assert timestamp_of({"time": given}) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@given(st.integers(-(10**21), 10**21))
def test_digits_in_a_string_mean_what_the_number_means(number: int) -> None:
    assume(len(str(number)) not in {8, 14})
    assert microseconds_of(str(number)) == microseconds_of(number)


@given(st.integers(10**14, 4 * 10**15))
def test_any_unit_gives_the_same_time_to_the_microsecond(microseconds: int) -> None:
    expected = microseconds - 946_684_800_000_000
    assert microseconds_of(microseconds) == expected
    assert microseconds_of(microseconds * 1000 + 999) == expected
    assert microseconds_of(microseconds / 1000) == expected
    assert microseconds_of(microseconds / 1_000_000) == expected
    assert microseconds_of(-microseconds / 1_000_000) == -microseconds - 946_684_800_000_000
    whole, rest = divmod(microseconds, 1_000_000)
    assert microseconds_of(f"{whole}.{rest:06}") == expected


@given(st.integers(10**14, 8 * 10**15))
@example(4_415_255_911_756_759)
@example(4_468_184_528_032_739)
def test_seconds_with_a_fraction_are_exact_to_the_microsecond_until_2223(microseconds: int) -> None:
    assert microseconds_of(microseconds / 1_000_000) == microseconds - 946_684_800_000_000


@given(st.integers(10**11, 10**14 - 1))
def test_milliseconds_are_what_they_always_were(number: int) -> None:
    assert microseconds_of(number) == (number - 946_684_800_000) * 1000


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
        (253_402_300_799_999_999_999, LAST),
    ],
)
def test_both_ends_of_the_range_are_usable_with_any_offset(given: float | str, expected: str) -> None:
    assert timestamp_of({"timestamp": given}) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


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


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["2026-11-23T11:20:55", "2026-11-23 11:20:55", "2026-W48-1T11:20:55", "20261123T112055.268"]
            ),
            st.sampled_from(
                ["", "Z", ".268Z", ".268901Z", ".26890Z", ".268901+01:00", ".2689Z1", ".²68901Z"]
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_was_read_before_does_not_change_what_is_read_now(times: list[tuple[str, str]]) -> None:
    for second, fraction in times:
        found = microseconds_of(second + fraction)
        try:
            moment = datetime.fromisoformat(second + fraction)
        except ValueError:
            assert found is None
        else:
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            assert found == microseconds_of(moment.astimezone(UTC).isoformat(timespec="microseconds"))
