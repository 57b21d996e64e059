"""The quick reader of ISO 8601 says what the usual one says, whatever the text."""

from hypothesis import given
from hypothesis import strategies as st

from ingestor.formats.mapping import usual_time
from ingestor.formats.mapping.times import iso_time

DATES = st.sampled_from(["2026-11-24", "0001-01-01", "9999-12-31", "2026-02-30", "20261124xx", "2000-02-29"])
CLOCKS = st.sampled_from(["T12:00:00", " 12:00:00", "T25:00:00", "x12:00:00", "T12:00:60"])
FRACTIONS = st.sampled_from(
    [
        "",
        ".",
        ".5",
        ".123456",
        ".123456789",
        ".1234567890",
        ".12 4",
        ".\N{ARABIC-INDIC DIGIT ONE}",
        ".1e5",
        ".0000009",
    ]
)
ZONES = st.sampled_from(["Z", "+01:00", "-07:30", "+0100", "", "z", "+24:00", "+23:59", " +1:00", "+01:0x"])


@given(DATES, CLOCKS, FRACTIONS, ZONES)
def test_both_readers_say_the_same(date: str, clock: str, fraction: str, zone: str) -> None:
    text = date + clock + fraction + zone
    assert iso_time(text) == usual_time(text)


@given(st.one_of(st.text(max_size=40), st.integers(), st.floats(), st.none(), st.booleans()))
def test_both_readers_say_the_same_of_anything(value: object) -> None:
    assert iso_time(value) == usual_time(value)
