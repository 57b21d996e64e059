"""CSV: the header or a rule names the columns; a record may have several lines; a quote too many costs one record."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import SMALL, assert_cuts_and_resuming_change_nothing, outcomes, rows_of, sample

from ingestor.errors import ConfigurationError
from ingestor.formats.csv import KNOWN, cells_by
from ingestor.formats.known import FormatOptions

SAMPLE = sample("csv.csv")
FOUND = outcomes(KNOWN, SAMPLE)


def test_the_first_line_names_the_columns() -> None:
    row = FOUND[0].row
    columns = ("timestamp", "level", "severity", "message", "url", "status_code")
    assert [row[name] for name in columns] == [
        "2026-11-24T12:00:00.250000+00:00",
        "info",
        9,
        "hello",
        "/x",
        200,
    ]
    assert row["raw_data"] == {
        "time": "2026-11-24T12:00:00.250Z", "level": "info", "message": "hello", "path": "/x", "status": "200",
    }  # fmt: skip


def test_a_record_may_have_several_lines_and_more_cells_than_names() -> None:
    row = FOUND[1].row
    assert row["message"] == 'a cell\nof two lines, with a "quote"'
    assert row["raw_data"]["column 6"] == "seventh"
    assert row["raw_data"]["extra"] == ["more"]


def test_each_column_has_a_name_of_its_own_whatever_the_header_repeats() -> None:
    row = rows_of(KNOWN, b"time,a 4,a,a,a 4\n2026-11-24T12:00:00Z,1,2,3,4\n")[0]
    assert sorted(row["raw_data"].values()) == ["1", "2", "2026-11-24T12:00:00Z", "3", "4"]


def test_a_header_of_very_many_columns_is_read() -> None:
    columns = 100_000
    header = b"time" + b"".join(b",%d" % number for number in range(columns))
    row = rows_of(KNOWN, header + b"\n2026-11-24T12:00:00Z" + b",1" * columns + b"\n")[0]
    assert len(row["raw_data"]) == columns + 1


def test_a_record_is_not_the_header_because_the_header_is_too_large() -> None:
    found = outcomes(KNOWN, b"time," + b"a" * 400 + b"\ntime,b\n2026-11-24T12:00:00Z,1\n", limits=SMALL)
    assert [each.rejected is not None for each in found] == [True, True, True]


def test_the_header_that_comes_again_is_no_entry() -> None:
    assert [each.row.get("level") for each in FOUND] == ["info", "error", "warn", None]


def test_a_quote_within_a_cell_is_a_character_and_one_closed_wrongly_rejects_its_record() -> None:
    assert FOUND[2].row["message"] == '5" disk'
    assert FOUND[2].row["url"] == "/a,b"
    assert FOUND[3].rejected == "a quote isn't closed, or something other than the delimiter follows one"


def test_a_rule_names_the_columns_and_the_delimiter() -> None:
    options = FormatOptions(header=("time", "message", "n"), delimiter="\t", columns={"auth_user_id": ("n",)})
    rows = rows_of(KNOWN, b"2026-11-24T12:00:00Z\ta,b\t7\r\n2026-11-24T12:00:01Z\tc\n", options)
    assert [(row["message"], row.get("auth_user_id")) for row in rows] == [("a,b", 7), ("c", None)]


def test_without_a_column_for_it_the_message_is_the_record() -> None:
    assert rows_of(KNOWN, b"time,x\n2026-11-24T12:00:00Z,1\n")[0]["message"] == "2026-11-24T12:00:00Z,1"


def test_a_quote_that_is_never_closed_costs_what_may_be_one_entry() -> None:
    line = b"2026-11-24T12:00:00Z,abcdefgh\n"
    found = outcomes(
        KNOWN, b"time,message\n" + line + b'2026-11-24T12:00:00Z,"open\n' + line * 30, limits=SMALL
    )
    reasons = [each.rejected for each in found]
    assert reasons[:2] == [None, "larger than 400 bytes (MAX_ENTRY_BYTES)"]
    assert reasons[2:] == [None] * (30 - 13)


@pytest.mark.parametrize(
    ("options", "mistake"),
    [
        (FormatOptions(delimiter=";;"), "`delimiter` ';;' is not one"),
        (FormatOptions(delimiter='"'), "is not one ASCII character"),
        (FormatOptions(header=()), "`header` names no column"),
        (FormatOptions(pattern="x"), "`pattern` is of no use to csv"),
    ],
)
def test_a_mistake_is_said_before_anything_is_read(options: FormatOptions, mistake: str) -> None:
    with pytest.raises(ConfigurationError, match=mistake):
        KNOWN.make(options)


CELLS = st.text(st.sampled_from(list("ab\",;\n 'é")), max_size=6)


@given(
    records=st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=5),
    delimiter=st.sampled_from(",;"),
)
def test_what_a_program_writes_is_read_as_it_was(records: list[list[str]], delimiter: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(records)
    header = tuple("abcd")
    found = outcomes(KNOWN, out.getvalue().encode(), FormatOptions(header=header, delimiter=delimiter))
    assert len(found) == len(records)
    assert [cells_by(delimiter)(text) for text in _records(records, delimiter)] == records


def _records(records: list[list[str]], delimiter: str) -> list[str]:
    texts = []
    for record in records:
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, lineterminator="").writerow(record)
        texts.append(out.getvalue())
    return texts


PARTS = st.sampled_from(
    [*SAMPLE.splitlines(keepends=True), b'"', b",", b"\n", b'""', b"\0", b"\xff", b"\r\n", b'\n"a']
)


@given(data=st.lists(PARTS, max_size=14).map(b"".join), cuts=st.lists(st.integers(0, 2000), max_size=4))
def test_any_bytes_give_the_same_rows_and_rejections_wherever_they_are_cut(
    data: bytes, cuts: list[int]
) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, data, cuts)
