"""A line's fields, however it is written; the quick way finds what the exact one finds."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formats import sample

from ingestor.formats.mapping import Fields
from ingestor.formats.mapping.http import add_request, add_request_step_by_step, percent_decoded, query_of
from ingestor.formats.mapping.positional import QUOTED, exactly_these, quoted_fields, unescaped
from ingestor.formats.mapping.positions import Positions, number

POSITIONS = Positions(("word", "text", "number"), ("number",))
PIECES = st.lists(st.sampled_from(["a", " ", '"', "\\", "-", "1", "\\x41", '" "', "é"]), max_size=12).map(
    "".join
)


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("a b", ["a", "b"]),
        ("a  b ", ["a", "", "b"]),
        ('a "b c" d', ["a", "b c", "d"]),
        ('"a" "b"', ["a", "b"]),
        ('"" -', ["", "-"]),
        ('"a"b" c', ['a"b', "c"]),
        (r'"a\"b" c\d', ['a"b', r"c\d"]),
        (r'"\x41\xE2\x82\xAC\xff\\"', ["A€\N{REPLACEMENT CHARACTER}\\"]),
        ('a "b c', None),
        ('a "b" c" d', None),
    ],
)
def test_quotes_hold_a_field_together(line: str, fields: list[str] | None) -> None:
    assert quoted_fields(line) == fields


def test_of_names_that_come_twice_the_last_value_counts() -> None:
    twice = Positions(("number", "word", "number"), ("number", "number"))
    assert twice.fields(["1", "a", "2"]) == {"number": 2, "word": "a"}


def test_without_escapes_a_backslash_is_a_character() -> None:
    assert quoted_fields('"a\\" b', is_escaped=False) == ["a\\", "b"]


@given(word=PIECES, text=PIECES, count=PIECES)
def test_the_quick_way_finds_what_the_exact_one_finds(word: str, text: str, count: str) -> None:
    line = f'{word} "{text}" {count}'
    found = exactly_these(POSITIONS, {"text": QUOTED})(line)
    is_plain = word and count and not {" ", '"', "\\"} & {*word, *count} and not {'"', "\\"} & {*text}
    assert (found is not None) >= bool(is_plain)
    if found is not None:
        assert list(found.groups()) == quoted_fields(line)


@pytest.mark.parametrize("name", ["elb.log", "s3access.log"])
@given(data=st.data())
def test_a_line_without_quotes_within_reads_the_same_with_and_without_escapes(
    name: str, data: st.DataObject
) -> None:
    line = data.draw(st.sampled_from(sample(name).decode().splitlines()))
    if "\\" not in line:
        assert quoted_fields(line) == quoted_fields(line, is_escaped=False)


@given(PIECES.map(lambda line: line.replace("\\", "").rstrip(" ")))
def test_a_line_that_needs_a_closer_look_has_the_same_fields(line: str) -> None:
    found = quoted_fields(line)
    # A backslash has the line read field by field.
    assert quoted_fields(f"{line} \\") == (None if found is None else [*found, "\\"])


def test_what_is_nothing_is_absent_and_what_is_behind_is_extra() -> None:
    assert POSITIONS.fields(["-", "", "7", "x", "-"]) == {"number": 7, "extra": ["x", "-"]}
    assert POSITIONS.fields(["a"]) == {"word": "a"}


def test_numbers_are_written_with_few_ascii_digits() -> None:
    texts = ["7", "-1", "0.086", "000", "1e5", "1_0", "٣", "nan", "", "9" * 19]
    assert [number(text) for text in texts] == [7, -1, 0.086, 0, "1e5", "1_0", "٣", "nan", "", "9" * 19]


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("GET /a?b=1 HTTP/1.1", {"method": "GET", "url": "/a?b=1", "query": {"b": "1"}}),
        ("GET http://h:80/a b HTTP/1.1", {"method": "GET", "url": "/a b", "host": "h"}),
        ("M-SEARCH * HTTP/1.1", {"method": "M-SEARCH", "url": "*"}),
        ("CONNECT h:443 HTTP/1.1", {"method": "CONNECT", "url": "h:443"}),
        ("GET /old", {"method": "GET", "url": "/old"}),
        ("- http://h:80- ", {"host": "h"}),
        ("- - - ", {}),
        ("-", {}),
        ("", {}),
    ],
)
def test_a_request_line_has_the_parts_that_were_sent(line: str, fields: Fields) -> None:
    found: Fields = {}
    add_request(found, line)
    assert found == fields


def test_parameters_are_decoded_and_may_come_more_than_once() -> None:
    assert query_of("a=1&b=x+y%20z&a=2&a=3&&c&=d") == {"a": ["1", "2", "3"], "b": "x y z", "c": "", "": "d"}


@given(st.text(alphabet="%aE2C3é+ g", max_size=20))
def test_percent_decoding_is_the_usual_one(text: str) -> None:
    assert percent_decoded(text) == unquote(text)


@given(st.text(max_size=30))
def test_unescaping_leaves_other_text_as_it_is(text: str) -> None:
    if "\\" not in text:
        assert unescaped(text) == text


@given(
    rows=st.lists(
        st.lists(
            st.one_of(st.sampled_from(["-", "", "0", "007", "-1", "0.250", "٣", "1" * 19, "1e3"]), st.text()),
            max_size=5,
        ),
        min_size=1,
    )
)
def test_what_is_compiled_finds_what_is_found_one_by_one(rows: list[list[str]]) -> None:
    names = ("word", "'", "number", "fields")
    positions = Positions(names, ("number", "fields"))
    for _ in range(100):
        positions.fields(["a", "b", "1", "2"])
    assert positions.fields != positions.one_by_one
    for values in rows:
        found, expected = positions.fields(values), positions.one_by_one(values)
        assert (repr(found), list(found)) == (repr(expected), list(expected))


@pytest.mark.parametrize("names", [("a", "b", "a"), tuple(f"c{index}" for index in range(1000))])
def test_a_name_twice_and_a_header_of_a_thousand_names_are_read_one_by_one(names: tuple[str, ...]) -> None:
    positions = Positions(names)
    values = [f"v{index}" for index in range(len(names))]
    for _ in range(100):
        assert len(positions.fields(values)) == len(set(names))
    assert positions.fields == positions.one_by_one


REQUESTS = st.lists(
    st.sampled_from(
        [
            "GET",
            " ",
            "/",
            "http",
            "://",
            "www.example.org",
            ":443",
            "-",
            "?a=%20b",
            "&a=2",
            "[::1]",
            "HTTP/1.1",
            "é",
        ]
    ),
    max_size=9,
).map("".join)


@given(line=st.one_of(REQUESTS, REQUESTS.map(lambda target: f"GET https://a-b{target} HTTP/1.1"), st.text()))
def test_a_usual_request_reads_as_it_does_step_by_step(line: str) -> None:
    found: Fields = {}
    expected: Fields = {}

    add_request(found, line)
    add_request_step_by_step(expected, line)

    assert found == expected
