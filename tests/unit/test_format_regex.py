"""Text by a pattern of one's own: groups become fields, several lines one entry; a mistake in it is said at once."""

from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import assert_cuts_and_resuming_change_nothing, outcomes, rows_of, sample

from ingestor.errors import ConfigurationError
from ingestor.formats.known import FormatOptions
from ingestor.formats.regex import KNOWN, LONGEST_MATCHED

SAMPLE = sample("regex.log")
PATTERN = r"\[(?P<time>[^\]]+)\] (?P<level>[A-Z]+) +(?P<thread>\S+) - (?P<text>.*)"
OPTIONS = FormatOptions(pattern=PATTERN, first_line=r"\[\d{4}-", columns={"context": ("thread",)})


def test_named_groups_become_columns_and_several_lines_one_entry() -> None:
    rows = rows_of(KNOWN, SAMPLE, OPTIONS)
    columns = ("timestamp", "level", "severity", "context")
    assert [[row[name] for name in columns] for row in rows] == [
        ["2026-11-24T12:00:00.250000+00:00", "WARN", 13, "main"],
        ["2026-11-24T12:00:01+00:00", "ERROR", 17, "worker-1"],
        ["2026-11-24T12:00:02+00:00", "INFO", 9, "main"],
    ]
    assert rows[1]["message"].startswith("[2026-11-24 12:00:01,000] ERROR")
    assert rows[1]["raw_data"]["text"].splitlines()[-1] == "\tat shop.Main.main(Main.java:7)"


def test_a_group_called_message_is_the_message() -> None:
    options = FormatOptions(pattern=PATTERN.replace("<text>", "<message>"), first_line=r"\[")
    assert rows_of(KNOWN, SAMPLE, options)[0]["message"] == "slow request"


def test_without_first_line_each_line_is_an_entry() -> None:
    found = outcomes(KNOWN, SAMPLE, FormatOptions(pattern=PATTERN))
    assert [each.rejected for each in found] == [None, None, *["the `pattern` doesn't match"] * 3, None]


def test_a_time_has_the_rules_form_and_zone() -> None:
    options = FormatOptions(
        pattern=r"(?P<time>\S+ \S+) (?P<message>.*)",
        time_format="%d/%m/%Y %H:%M:%S",
        time_zone=timezone(timedelta(hours=2)),
    )
    assert rows_of(KNOWN, b"24/11/2026 12:00:00 x\n", options)[0]["timestamp"] == "2026-11-24T10:00:00+00:00"


def test_a_pattern_is_tried_on_no_more_than_8192_characters() -> None:
    options = FormatOptions(pattern=r"(?P<time>\S+) (?P<text>(?:a|a)*)$")
    line = b"2026-11-24T12:00:00Z "
    found = outcomes(KNOWN, line + b"b" * LONGEST_MATCHED + b"\n" + line + b"\n", options)
    assert [each.rejected for each in found] == [
        "longer than 8192 characters, which a `pattern` isn't tried on",
        None,
    ]


@pytest.mark.parametrize(
    ("options", "mistake"),
    [
        (FormatOptions(), "needs a `pattern`"),
        (FormatOptions(pattern=r"(\d+)"), "has no named groups"),
        (FormatOptions(pattern=r"(?P<a>"), "`pattern` '\\(\\?P<a>': missing"),
        (FormatOptions(pattern=r"(?P<a>x)", first_line="["), "`first_line` '\\[': unterminated"),
        (FormatOptions(pattern=r"(?P<a>x)", delimiter=";"), "`delimiter` is of no use to regex"),
    ],
)
def test_a_mistake_is_said_before_anything_is_read(options: FormatOptions, mistake: str) -> None:
    with pytest.raises(ConfigurationError, match=mistake):
        KNOWN.make(options)


def test_only_a_rule_names_it() -> None:
    assert not KNOWN.recognises(SAMPLE)


PARTS = st.sampled_from(
    [*SAMPLE.splitlines(keepends=True), b"[2026-", b"] INFO a - ", b"\n", b"\0", b"\xff", b"\r\n"]
)


@given(data=st.lists(PARTS, max_size=12).map(b"".join), cuts=st.lists(st.integers(0, 2000), max_size=4))
def test_any_bytes_give_the_same_rows_and_rejections_wherever_they_are_cut(
    data: bytes, cuts: list[int]
) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, data, cuts, OPTIONS)
