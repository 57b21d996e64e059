"""An excerpt lets somebody recognise an entry, and lets nobody read it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.formats.excerpt import excerpt


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"{}", "{}"),
        (b'{"level":30,"msg":"hunter2"}', '{"level":…,"msg":…}'),
        (b' {\n "a": {"b": "hunter2"}, "c": ["hunter2", {"d": 1}], "e": null}', '{"a":…,"c":…,"e":…}'),
        (b'{"a":1,"password":"hunt', '{"a":…,"password":…}'),
        (b'{"a":"\\"b\\":","c":1}', '{"a":…,"c":…}'),
        (b'{"' + b"a" * 100 + b'":1}', "{…}"),
        (b'{"first":1,"' + b"a" * 100 + b'":1}', '{"first":…,…}'),
        (b'{"\xff\x00\xe2\x80\xae":1}', '{"\ufffd\\x00\\u202e":…}'),
        (b"{oops}", "{xxxx}"),
        (b'{"hunt', '{"xxxx'),
        (b"DB_PASSWORD=Hunter2\nnext line", "XX_XXXXXXXX=Xxxxxx0"),
        ("größer als 5 €\x1b[31m".encode(), "xxxxxx xxx 0 ??[00x"),
        (b'"text"', '"xxxx"'),
        (b"x" * 100, "x" * 60 + "…"),
        (b"", ""),
    ],
)
def test_names_are_shown_and_values_are_not(text: bytes, shown: str) -> None:
    assert excerpt(text) == shown


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda data: b'{"' + data))
def test_any_bytes_have_a_short_excerpt_that_can_be_printed(text: bytes) -> None:
    shown = excerpt(text)
    assert len(shown) <= 80
    assert shown.isprintable()


@given(st.dictionaries(st.sampled_from("abc"), st.recursive(st.just("hunter2"), st.lists)))
def test_no_value_of_an_object_is_ever_in_it(entry: dict[str, object]) -> None:
    assert "hunter" not in excerpt(json.dumps(entry).encode())
