"""Lines of Kubernetes' container runtimes: parts are joined for each stream, and JSON within is mapped as json is."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import SMALL, assert_cuts_and_resuming_change_nothing, outcomes, rows_of, sample

from ingestor.errors import ConfigurationError
from ingestor.formats.cri import KNOWN
from ingestor.formats.known import FormatOptions
from ingestor.processors.options import ProcessingOptions
from ingestor.routing.processed_format import processed_format

SAMPLE = sample("cri.log")
LINES = SAMPLE.decode().splitlines()
FOUND = outcomes(KNOWN, SAMPLE)
TIME = b"2026-11-24T12:00:00.000000001Z"


def test_the_parts_of_a_line_are_one_entry_where_it_ends() -> None:
    assert [each.row.get("message") for each in FOUND[:3]] == [
        "ready",
        "among the parts",
        "The first part of a long line, ended",
    ]
    assert FOUND[2].row["timestamp"] == "2026-11-24T12:00:01+00:00"
    assert FOUND[2].row["raw_data"] == {
        "time": "2026-11-24T12:00:01.000000001Z",
        "stream": "stdout",
        "logtag": "F:tag",
        "log": "The first part of a long line, ended",
    }
    assert FOUND[2].offset == SAMPLE.index(b"2026-11-24T12:00:03")


def test_json_that_the_container_wrote_is_mapped_as_json_is() -> None:
    row = FOUND[3].row
    columns = ("timestamp", "level", "severity", "message", "request_id", "method", "url", "status_code")
    assert [row[name] for name in columns] == [
        "2026-11-23T11:20:55.268000+00:00", "error", 17, "failed", "7", "GET", "/x", 500,
    ]  # fmt: skip
    assert row["raw_data"]["log"]["tenant"] == "a"
    assert FOUND[4].row["message"] == "slow"
    assert FOUND[4].row["timestamp"] == "2026-11-24T12:00:05+00:00"


def test_what_only_begins_like_json_is_text() -> None:
    assert FOUND[5].row["message"] == '{"not": whole'
    assert FOUND[6].row["message"] == ""


def test_a_line_of_another_form_is_rejected_and_one_without_an_end_is_an_entry() -> None:
    assert FOUND[7].rejected == "not a line of the container runtime interface (CRI)"
    assert FOUND[8].row["message"] == "cut at the end of the file"
    assert FOUND[8].row["raw_data"]["logtag"] == "P"


def test_a_character_that_parts_divide_is_whole() -> None:
    text = "größer".encode()
    data = TIME + b" stdout P " + text[:3] + b"\n" + TIME + b" stdout F " + text[3:] + b"\n"
    assert rows_of(KNOWN, data)[0]["message"] == "größer"


def test_parts_over_the_limit_are_rejected_and_their_neighbours_are_not() -> None:
    part = TIME + b" stdout P " + b"x" * 100 + b"\n"
    data = part * 5 + TIME + b" stdout F end\n" + TIME + b" stdout F next\n"
    long = TIME + b" stderr P " + b"y" * 500 + b"\n" + TIME + b" stderr F end\n"
    for before in (b"", long):
        found = outcomes(KNOWN, before + data, limits=SMALL)
        reasons = [each.rejected for each in found]
        assert reasons == ["larger than 400 bytes (MAX_ENTRY_BYTES)"] * (len(found) - 1) + [None]
        assert found[-1].row["message"] == "next"


def test_it_is_recognised_by_its_lines() -> None:
    assert KNOWN.recognises(SAMPLE)
    for other in (b"", b"hello\n", b"2026-11-24T12:00:00Z hello\n", b'{"stream":"stdout"}\n'):
        assert not KNOWN.recognises(other)


def test_a_rule_names_places_in_json_and_a_useless_option_is_refused() -> None:
    found = outcomes(KNOWN, SAMPLE, FormatOptions(columns={"context": ("tenant",)}))
    assert found[3].row["context"] == "a"
    with pytest.raises(ConfigurationError, match="`time_format` is of no use to cri"):
        KNOWN.make(FormatOptions(time_format="%Y"))


LONG = TIME + b" stderr F " + b"x" * 300 + b"\n"
PARTS = st.sampled_from(
    [line.encode() + b"\n" for line in LINES]
    + [b"\n", b"\0", b"\xff", TIME + b" stdout P ", TIME + b" stderr P \xc3\n", LONG]
)


@given(data=st.lists(PARTS, max_size=14).map(b"".join), cuts=st.lists(st.integers(0, 3000), max_size=4))
def test_any_bytes_give_the_same_rows_and_rejections_wherever_they_are_cut(
    data: bytes, cuts: list[int]
) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, data, cuts)


def test_what_a_rule_sets_is_in_the_row() -> None:
    options = ProcessingOptions.from_table({"set": {"cluster": "blue"}})
    assert isinstance(options, ProcessingOptions)
    changing = replace(KNOWN, make=lambda given: processed_format(KNOWN.make(given), options))
    (found,) = rows_of(changing, TIME + b" stdout F ready\n")
    assert found["raw_data"]["cluster"] == "blue"
