"""A JSON format of an ordered list of names for each column, dotted or nested."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import ORIGIN, assert_cuts_and_resuming_change_nothing, outcomes, rows_of

from ingestor.errors import ConfigurationError
from ingestor.formats.json.by_name import json_by_name
from ingestor.formats.json.names import Derived, value_at
from ingestor.formats.known import FormatOptions, KnownFormat, never

KNOWN = KnownFormat(
    "shop",
    json_by_name(
        "shop",
        {
            "timestamp": ("at", "log.time"),
            "message": ("text",),
            "method": ("http.request.method", "verb"),
            "status_code": ("status",),
            "headers": ("headers",),
            "level": ("severity",),
            "processing_time_ms": (Derived("seconds", lambda value: value * 1000),),
            "url": (lambda fields: f"{fields['path']}?x" if "path" in fields else None, "url"),
        },
    ),
    never,
)
AT = '"at":"2026-11-23T12:00:00Z"'


def row(text: str, options: FormatOptions | None = None) -> dict[str, Any]:
    [found] = rows_of(KNOWN, text.encode(), options or FormatOptions())
    return found


@pytest.mark.parametrize(
    "fields",
    [
        '"http.request.method":"GET"',
        '"http":{"request":{"method":"GET"}}',
        '"http":{"request.method":"GET"}',
        '"http.request":{"method":"GET"}',
        '"http.request.method":null,"http":{"request":{"method":"GET"}},"verb":"PUT"',
        '"http.request.method":7,"verb":"GET"',
        '"http":"1.1","verb":"GET"',
    ],
)
def test_a_dotted_name_is_found_wherever_its_parts_stand(fields: str) -> None:
    assert row(f"{{{AT},{fields}}}")["method"] == "GET"


def test_raw_data_is_the_entry_byte_for_byte() -> None:
    entry = '{ "a" : 1.0, "a":1, ' + AT + "}"
    made = KNOWN.make(FormatOptions()).mapper(ORIGIN).row_of(entry.encode(), 0)
    assert isinstance(made, tuple)
    assert made[-1] == entry.encode()


def test_what_is_made_of_a_value_or_of_several_fields_is_converted_too() -> None:
    found = row(f'{{{AT},"seconds":0.5,"path":"/a","url":"/b","severity":"WARN"}}')
    assert (found["processing_time_ms"], found["url"], found["severity"]) == (500.0, "/a?x", 13)


def test_names_of_a_rule_are_looked_at_first_and_may_be_dotted() -> None:
    options = FormatOptions(columns={"message": ("note.en",), "hostname": ("pod",)})
    found = row(f'{{{AT},"note":{{"en":"mine"}},"text":"theirs","pod":"p-1"}}', options)
    assert (found["message"], found["hostname"]) == ("mine", "p-1")
    assert row(f'{{{AT},"text":"theirs"}}', options)["message"] == "theirs"


def test_an_option_of_no_use_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="`pattern` is of no use to shop"):
        KNOWN.make(FormatOptions(pattern="x"))


def test_text_is_not_read_as_a_number_nor_a_number_as_text() -> None:
    found = row(f'{{{AT},"status":"200","text":1}}')
    assert {"status_code", "message"}.isdisjoint(found)


@pytest.mark.parametrize("number", ["1e400", "9" * 5000, '{"a":[1e400]}'])
def test_a_number_beyond_all_types_costs_only_itself(number: str) -> None:
    found = row(
        f'{{{AT},"text":"kept","status":{number},"http":{{"request":{{"method":"GET","x":{number}}}}}}}'
    )
    assert (found["message"], found["method"]) == ("kept", "GET")
    assert "status_code" not in found


def test_a_jsonb_column_may_hold_what_has_such_a_number() -> None:
    assert row(f'{{{AT},"headers":{{"a":[1,1e400],"b":{{"c":"d"}}}}}}')["headers"] == {
        "a": [1, None],
        "b": {"c": "d"},
    }


def test_an_entry_without_a_time_is_rejected_with_the_names_that_were_looked_for() -> None:
    missing, unusable, no_object = outcomes(KNOWN, b'{"text":"a"}\n{"at":"noon","log.time":{}}\n[1]')
    assert missing.rejected == "no time in the entry: looked for at, log.time"
    assert unusable.rejected == 'no usable time: at is "noon", log.time is an object'
    assert no_object.rejected == "not an object"


def test_value_at_finds_what_names_find() -> None:
    assert value_at({"a": {"b.c": 1}}, "a.b.c") == 1
    assert value_at({"a.b": {"c": 1}}, "a.b.c") == 1
    assert value_at({"a.b": 1}, "a.b.c") is None


NAMES = st.sampled_from(
    ["at", "log", "time", "log.time", "text", "http", "request", "method", "status", "headers"]
)
LEAVES = st.sampled_from(
    [None, True, 0, -1, 10**30, 1.5, 1e300, "", "GET", "2026-11-23", "\0", "\N{SNOWMAN}"]
)
JSON = LEAVES | st.dictionaries(NAMES, LEAVES, max_size=3) | st.lists(LEAVES, max_size=2)


@given(
    entries=st.lists(
        st.dictionaries(NAMES, JSON, max_size=6).map(msgspec.json.encode) | st.binary(max_size=30),
        max_size=8,
    ),
    cuts=st.lists(st.integers(0, 500), max_size=5),
)
def test_each_entry_is_a_row_or_a_rejection_wherever_a_worker_resumes(
    entries: list[bytes], cuts: list[int]
) -> None:
    assert_cuts_and_resuming_change_nothing(KNOWN, b'{"at":1}\n' + b"\n".join(entries), cuts)
