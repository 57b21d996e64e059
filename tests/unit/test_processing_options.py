"""What a rule says about its entries: read, refused where it is wrong, and done to entries of every format."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ingestor.formats import Format
from ingestor.formats.json import JsonFormat
from ingestor.formats.mapping import FieldMapping, Fields
from ingestor.formats.text import TextFormat
from ingestor.model.columns import COLUMNS
from ingestor.model.rows import Drop, Rejection, RowOrigin
from ingestor.processors.options import ProcessingOptions
from ingestor.routing.processed_format import processed_format

ORIGIN = RowOrigin(1, "bucket", "key", "etag", None)
TIME = 1795432855268


def parsed(line: str, _context: object) -> Fields:
    return {"time": TIME, **dict(pair.split("=", 1) for pair in line.split(" "))}


WORDS = TextFormat(
    "words",
    parsed,
    FieldMapping({"timestamp": ("time",), "message": ("message",), "url": ("path",), "level": ("level",)}),
)


def options(**table: Any) -> ProcessingOptions:  # noqa: ANN401 - whatever TOML holds
    read = ProcessingOptions.from_table(table)
    assert isinstance(read, ProcessingOptions), read
    return read


def mistakes(**table: Any) -> list[str]:  # noqa: ANN401
    read = ProcessingOptions.from_table(table)
    assert isinstance(read, list)
    return [f"{mistake.key} {mistake.sentence}" for mistake in read]


def outcome(
    text: bytes, table: Mapping[str, Any], entry_format: Format | None = None, ordinal: int = 0
) -> Any:  # noqa: ANN401
    made = processed_format(entry_format or JsonFormat(), options(**table))
    mapped = made.mapper(ORIGIN).row_of(text, ordinal)
    if isinstance(mapped, Drop | Rejection):
        return mapped
    return {column.name: value for column, value in zip(COLUMNS, mapped, strict=True)}


def entry(**fields: object) -> bytes:
    return json.dumps({"time": TIME, **fields}).encode()


HEALTH = {"reason": "health check", "req.url": {"glob": "/health*"}, "res.statusCode": {"less_than": 400}}


def test_an_entry_of_which_all_conditions_hold_is_dropped_for_the_given_reason() -> None:
    text = entry(req={"url": "/healthz"}, res={"statusCode": 200})
    assert outcome(text, {"drop_when": HEALTH}) == Drop("health check")


def test_an_entry_of_which_one_condition_does_not_hold_stays_byte_for_byte() -> None:
    text = b'{"time": 1795432855268, "req":{"url": "/healthz"}, "res":{"statusCode": 500}, "a":1.0}'
    assert outcome(text, {"drop_when": HEALTH})["raw_data"] == text


def test_a_comparison_in_a_fields_place_is_a_mistake_and_not_a_rule_that_drops_nothing() -> None:
    assert mistakes(drop_when={"field": "res.statusCode", "equals": 304}) == [
        'drop_when `equals` is a comparison, not a field: write { "the.field" = { equals = 304 } }'
    ]
    assert outcome(entry(equals=304), {"drop_when": {"equals": {"equals": 304}}}) == Drop("drop_when equals")


def test_one_of_several_tables_is_enough() -> None:
    tables = [{"level": 10}, {"msg": ["a", "b"]}]
    assert outcome(entry(msg="b"), {"drop_when": tables}) == Drop("drop_when msg")
    assert outcome(entry(level=10), {"drop_when": tables}) == Drop("drop_when level")
    assert outcome(entry(msg="c", level=30), {"drop_when": tables})["message"] == "c"


@pytest.mark.parametrize(
    ("what", "value", "holds"),
    [
        ({"equals": 200}, 200, True),
        ({"equals": 200}, "200", True),
        ({"equals": "200"}, 200, True),
        ({"equals": 1}, True, False),
        ({"equals": True}, True, True),
        ({"equals": "x"}, None, False),
        ({"one_of": ["a", 2]}, 2, True),
        ({"one_of": ["a", 2]}, "b", False),
        ({"greater_than": 5}, 5, False),
        ({"at_least": 5}, 5, True),
        ({"at_most": 5}, "4.5", True),
        ({"less_than": 5}, "x", False),
        ({"less_than": 5}, True, False),
        ({"glob": "/a*"}, "/abc", True),
        ({"glob": "/a*"}, "x/abc", False),
        ({"regex": "b+c"}, "abbcd", True),
        ({"contains": "bc"}, "abcd", True),
        ({"contains": "bc"}, ["bc"], True),
        ({"contains": "bc"}, {"bc": 1}, True),
        ({"contains": "bc"}, ["abcd"], False),
        ({"exists": True}, None, True),
        ({"exists": False}, None, False),
        ({"at_least": 400, "less_than": 500}, 404, True),
        ({"at_least": 400, "less_than": 500}, 500, False),
    ],
)
def test_a_comparison(what: dict[str, Any], value: object, holds: bool) -> None:  # noqa: FBT001 - a case's answer
    found = outcome(entry(field=value), {"drop_when": {"field": what}})
    assert isinstance(found, Drop) is holds


def test_of_a_field_that_is_not_there_only_its_absence_holds() -> None:
    for what in ({"equals": "x"}, {"glob": "*"}, {"less_than": 5}, {"exists": True}, {"contains": ""}):
        assert not isinstance(outcome(entry(), {"drop_when": {"a.b": what}}), Drop)
    assert isinstance(outcome(entry(), {"drop_when": {"a.b": {"exists": False}}}), Drop)


def test_a_dotted_name_is_a_field_of_that_name_or_one_within_objects() -> None:
    for fields in ({"a.b.c": 1}, {"a": {"b": {"c": 1}}}, {"a.b": {"c": 1}}, {"a": {"b.c": 1}}):
        assert isinstance(outcome(entry(**fields), {"drop_when": {"a.b.c": 1}}), Drop)


def test_fields_are_renamed_and_set_within_objects() -> None:
    table = {"rename": {"log.text": "msg", "gone": "x"}, "set": {"labels.team": "web", "pid": 7}}
    row = outcome(entry(log={"text": "hello", "rest": 1}), table)
    assert (row["message"], row["pid"]) == ("hello", 7)
    assert json.loads(row["raw_data"]) == {
        "time": TIME,
        "log": {"rest": 1},
        "msg": "hello",
        "labels": {"team": "web"},
        "pid": 7,
    }


def test_setting_what_is_so_already_leaves_the_bytes() -> None:
    text = b'{"time": 1795432855268,  "pid":7}'
    assert outcome(text, {"set": {"pid": 7}})["raw_data"] == text


def test_the_fields_of_a_text_format_are_processed_as_its_parser_names_them() -> None:
    table = {"drop_when": {"path": "/health"}, "rename": {"where": "path"}, "set": {"team": "web"}}
    assert isinstance(outcome(b"path=/health", table, WORDS), Drop)
    row = outcome(b"where=/a", table, WORDS)
    assert (row["url"], row["message"]) == ("/a", "where=/a")
    assert json.loads(row["raw_data"]) == {"time": TIME, "path": "/a", "team": "web"}


def test_the_message_of_a_text_format_is_its_line_unless_it_is_set() -> None:
    assert outcome(b"message=x", {"set": {"team": "web"}}, WORDS)["message"] == "message=x"
    assert outcome(b"message=x", {"set": {"message": "y"}}, WORDS)["message"] == "y"


def test_a_sample_keeps_the_same_share_of_the_entries_each_time() -> None:
    kept = [not isinstance(outcome(entry(), {"sample": 0.25}, ordinal=at), Drop) for at in range(2_000)]
    again = [not isinstance(outcome(entry(), {"sample": 0.25}, ordinal=at), Drop) for at in range(2_000)]
    assert kept == again
    assert 400 < sum(kept) < 600
    assert all(not isinstance(outcome(entry(), {"sample": 1}, ordinal=at), Drop) for at in range(300))


def test_a_sample_may_keep_every_error() -> None:
    table = {"sample": {"keep": 0.01, "always": "error"}}
    for entry_format, error, info in (
        (JsonFormat(), entry(level=50), entry(level=30)),
        (WORDS, b"level=error", b"level=info"),
    ):
        assert all(isinstance(outcome(error, table, entry_format, at), dict) for at in range(200))
        assert sum(isinstance(outcome(info, table, entry_format, at), Drop) for at in range(200)) > 150


def test_every_mistake_is_named_at_once() -> None:
    found = mistakes(
        drop_when={"a": {"near": 1}, "b": {"regex": "("}}, sample=2, rename=["a"], processors=["x"]
    )
    assert len(found) == 5
    assert found[0].startswith("drop_when `a`: `near` is no comparison; there are equals, one_of,")
    assert found[1].startswith("drop_when `b`: `regex` is no regular expression: ")


@pytest.mark.parametrize(
    "table",
    [
        {"drop_when": {}},
        {"drop_when": {"reason": "x"}},
        {"drop_when": "x"},
        {"drop_when": {"a": {}}},
        {"drop_when": {"a": {"less_than": "5"}}},
        {"drop_when": {"a": []}},
        {"sample": 0},
        {"sample": True},
        {"sample": {"keep": 0.5, "always": "loud"}},
        {"sample": {"kepe": 0.5}},
        {"set": {"a": float("inf")}},
        {"set": {"a": "\0"}},
        {"rename": {"a": 1}},
        {"processors": ["no colon"]},
        {"processors": ["surely.no.such.module:f"]},
        {"processors": ["json:no_such_function"]},
        {"processors": ["json:__name__"]},
        {"processors": [7]},
    ],
)
def test_a_mistake(table: dict[str, Any]) -> None:
    assert len(mistakes(**table)) == 1


def test_without_options_a_format_is_itself() -> None:
    assert processed_format(WORDS, options()) is WORDS
