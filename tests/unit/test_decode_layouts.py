"""What an entry is in each kind of file, and what becomes of everything else."""

import pytest
from tests.support.decoding import WIDE, Found, Stored, decoded, never, reading, values_of
from tests.support.entries import batches

from ingestor.formats import Limits
from ingestor.model.entry import RAW_LIMIT, Malformed, Repaired


def kinds(data: bytes) -> list[tuple[int, bytes, str]]:
    return [(entry.offset, entry.original, entry.kind.split(":")[0]) for entry in values_of(data)]


def error_of(data: bytes) -> tuple[list[Found], str]:
    result = reading(batches(Stored(data), WIDE, time_is_up=never))
    assert result.error is not None
    return result.found, result.error


@pytest.mark.parametrize(
    "data", [b"", b" \n\t\r\n", b"[]", b" [ ] \n", b"[][]", b"\xef\xbb\xbf", b"\xef\xbb\xbf[]"]
)
def test_a_file_without_entries_is_one_empty_last_batch(data: bytes) -> None:
    (batch,) = decoded(data)
    assert (len(batch.values), batch.first_ordinal, batch.end_offset, batch.is_last) == (0, 0, 0, True)


@pytest.mark.parametrize(
    ("data", "offsets"),
    [
        (b'[{"a":1},{"b":2}]', [1, 9]),
        (b'[\n  {"a":1} ,\r\n  {"b":2}\n]\n', [4, 17]),
        (b'[{"a":1}]\n[{"b":2}]', [1, 11]),
        (b'{"a":1}\n{"b":2}', [0, 8]),
        (b'{"a":1}\r\n\r\n{"b":2}\r\n', [0, 11]),
        (b'{"a":1}{"b":2}', [0, 7]),
        (b'\xef\xbb\xbf{"a":1} {"b":2}', [3, 11]),
        (b'{"a":1}\n\n', [0]),
    ],
)
def test_entries_keep_their_bytes_and_offsets(data: bytes, offsets: list[int]) -> None:
    originals = [b'{"a":1}', b'{"b":2}'][: len(offsets)]
    assert kinds(data) == [(at, text, "Raw") for at, text in zip(offsets, originals, strict=True)]


def test_pretty_printed_values_one_after_another_are_entries() -> None:
    first, second = b'{\n  "a": [\n    1\n  ]\n}', b'{\n "b": {}}'
    assert kinds(first + b"\n" + second) == [(0, first, "Raw"), (len(first) + 1, second, "Raw")]


@pytest.mark.parametrize("inside", [b" ", b'"', b"}", b"]", b"\t", b"\n"])
def test_what_follows_the_first_newline_tells_a_pretty_printed_value(inside: bytes) -> None:
    data = b'{"a":[1,\n' + inside + b"("
    assert "line" not in error_of(data)[1]


def test_a_first_line_that_was_cut_is_one_malformed_entry() -> None:
    data = b'{"a":[1,\n{"b":2}\n'
    assert kinds(data) == [(0, b'{"a":[1,', "Malformed"), (9, b'{"b":2}', "Raw")]


def test_a_first_line_that_was_cut_inside_a_string_is_one_malformed_entry() -> None:
    data = b'{"a":"x\n "b":2}\n{"c":3}\n'
    assert kinds(data)[0] == (0, b'{"a":"x', "Malformed")
    assert kinds(data)[-1] == (16, b'{"c":3}', "Raw")


@pytest.mark.parametrize(
    "line",
    [b'{"a":', b'{"a":"x', b'{"a":"x\\', b'{"a":]}{"z":1}', b"GET / 200 {}", b"},{", b'"x', b"]"],
)
def test_a_line_that_cannot_be_read_is_one_malformed_entry(line: bytes) -> None:
    data = b'{"ok":1}\n' + line + b'\n{"b":2}'
    assert kinds(data) == [
        (0, b'{"ok":1}', "Raw"),
        (9, line, "Malformed"),
        (10 + len(line), b'{"b":2}', "Raw"),
    ]


@pytest.mark.parametrize(
    "text", [b'{"a":01}', b"{a:1}", b'{"a":1.}', b'{"a":NaN}', b'{"a":"\x01"}', b'{"a" 1}', b"{,}"]
)
def test_a_balanced_value_that_is_no_json_is_malformed_alone(text: bytes) -> None:
    line = text + b'{"b":2}'
    assert kinds(line) == [(0, text, "Malformed"), (len(text), b'{"b":2}', "Raw")]
    assert kinds(b"[" + text + b',{"b":2}]') == [(1, text, "Malformed"), (2 + len(text), b'{"b":2}', "Raw")]


@pytest.mark.parametrize("text", [b"1", b"-1.5e3", b'"text"', b"null", b"true"])
def test_a_value_that_is_no_object_is_malformed(text: bytes) -> None:
    for data in (b"[" + text + b',{"b":2}]', text + b'\n{"b":2}', b"{\n}" + text + b" {}"):
        malformed = [entry for entry in values_of(data) if entry.original == text]
        assert [entry.kind for entry in malformed] == ["Malformed: not an object"]


def test_an_array_as_an_entry_is_malformed() -> None:
    assert values_of(b'{"a":1}\n[1,{"b":2}]')[1].kind == "Malformed: not an object"
    assert values_of(b'[[{"a":1}],{}]')[0].kind == "Malformed: not an object"


def test_the_last_line_cut_short_is_malformed() -> None:
    assert kinds(b'{"a":1}\n{"b":"x') == [(0, b'{"a":1}', "Raw"), (8, b'{"b":"x', "Malformed")]


def test_missing_entries_of_an_array_have_no_length() -> None:
    assert kinds(b"[,{}, ,{},]") == [
        (1, b"", "Malformed"),
        (2, b"{}", "Raw"),
        (6, b"", "Malformed"),
        (7, b"{}", "Raw"),
        (10, b"", "Malformed"),
    ]


def test_a_missing_comma_spoils_only_what_is_between_two_commas() -> None:
    spoilt = b'{"a":1} {"b":2}'
    assert kinds(b"[{}, " + spoilt + b" ,{}]") == [
        (1, b"{}", "Raw"),
        (5, spoilt, "Malformed"),
        (22, b"{}", "Raw"),
    ]


@pytest.mark.parametrize(
    ("data", "byte", "complete"),
    [
        (b'[{"a":1},{"b":]}]', 14, 1),
        (b'[{"a":1}}]', 8, 0),
        (b'[{"a":1}] x', 10, 1),
        (b'[{"a":1}]{"b":2}', 9, 1),
        (b'[{"a":1},{"b":2}', 16, 1),
        (b'[{"a":1},', 9, 1),
        (b"[", 1, 0),
        (b'[{"a":"x}]', 10, 0),
        (b'{\n"a":1}\n{"b":]}', 14, 1),
        (b'{\n"a":1}\n}', 9, 1),
        (b'{\n"a":1}\n{"b":', 14, 1),
    ],
)
def test_brackets_that_have_no_unique_reading_name_their_byte(data: bytes, byte: int, complete: int) -> None:
    found, error = error_of(data)
    assert f"byte {byte}" in error
    assert [entry.kind for entry in found] == ["Raw"] * complete


@pytest.mark.parametrize("frame", [(b"[", b"]"), (b"", b"\n"), (b"{\n}", b"")])
def test_nesting_up_to_512_is_an_entry_and_513_is_not(frame: tuple[bytes, bytes]) -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    before, after = frame
    assert values_of(before + nested(512) + after)[-1].kind == "Raw"
    for depth in (513, 3_000, 20_000):
        assert "512" in values_of(before + nested(depth) + after)[-1].kind
    assert values_of(before + nested(513) + after)[-1].original == nested(513)


def test_brackets_in_strings_are_no_nesting() -> None:
    text = b'{"a":"' + b"[{" * 2_000 + b'"}'
    assert kinds(text) == [(0, text, "Raw")]


@pytest.mark.parametrize("size", [100, 101])
def test_an_entry_larger_than_the_limit_is_malformed_with_its_place(size: int) -> None:
    text = b'{"a":"' + b"x" * (size - 8) + b'"}'
    limits = Limits(chunk_rows=10, chunk_bytes=1000, max_entry_bytes=100)
    for data in (b"[{}," + text + b"  ,{}]", b"{}\n" + text + b"\n{}", b"{\n}" + text + b"{}"):
        (batch,) = decoded(data, limits)
        value = batch.values[1]
        assert isinstance(value, Malformed) is (size > 100)
        if isinstance(value, Malformed):
            assert (value.offset, value.length, value.raw) == (data.index(text), size, text)


def test_of_a_malformed_entry_64_kib_are_kept() -> None:
    text = b'{"a":"' + b"x" * 2_000_000 + b'"}'
    (batch,) = decoded(text + b"{}")
    value = batch.values[0]
    assert isinstance(value, Malformed)
    assert (value.length, value.raw) == (len(text), text[:RAW_LIMIT])
    assert batch.offset_of(1) == len(text)


@pytest.mark.parametrize(
    ("original", "text"),
    [
        (rb'{"a":"x\u0000y"}', rb'{"a":"x\ufffdy"}'),
        (rb'{"\u0000":1}', rb'{"\ufffd":1}'),
        (rb'{"a":"\ud800"}', rb'{"a":"\ufffd"}'),
        (rb'{"a":"\uDFFF\ud83d\ude00"}', rb'{"a":"\ufffd\ud83d\ude00"}'),
        (rb'{"a":"\ud800\ud83d\ude00"}', rb'{"a":"\ufffd\ud83d\ude00"}'),
        (rb'{"a":"\\\u0000"}', rb'{"a":"\\\ufffd"}'),
        (b'{"a":"\xff\xe2"}', '{"a":"\ufffd\ufffd"}'.encode()),
    ],
)
def test_what_postgres_cannot_hold_is_replaced_and_kept_as_it_was(original: bytes, text: bytes) -> None:
    for data in (b"[{}," + original + b",{}]", b"{}\n" + original, b"{\n}" + original):
        repaired = [value for batch in decoded(data) for value in batch.values if isinstance(value, Repaired)]
        assert repaired == [Repaired(text, original)]


@pytest.mark.parametrize(
    "text", [rb'{"a":"\\u0000"}', rb'{"a":"\\\\ud800"}', rb'{"a":"\ud83d\ude00"}', '{"a":"é😀"}'.encode()]
)
def test_what_only_looks_like_it_stays(text: bytes) -> None:
    assert kinds(text) == [(0, text, "Raw")]


def test_invalid_utf8_outside_strings_is_malformed() -> None:
    assert kinds(b'[{"a":\xff},{}]') == [(1, b'{"a":\xff}', "Malformed"), (9, b"{}", "Raw")]
