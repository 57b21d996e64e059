"""Whatever the bytes, and wherever reads, windows, limits and time cut them: one and the same sequence of entries."""

import gzip
import itertools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.decoding import WIDE, Found, Stored, kind_of, never, reading
from tests.support.entries import batches

from ingestor.formats import Limits
from ingestor.formats.json import fast
from ingestor.model.entry import Batch

HOSTILE = [
    "},{",
    '\\"',
    "\\\\",
    "{",
    "}",
    "[",
    "]",
    '"',
    ",",
    "é",
    "😀",
    "\n",
    "\\u0000",
    "\x00",
    "\ud800",
    "a",
]
strings = st.lists(st.sampled_from(HOSTILE), max_size=6).map("".join)
scalars = st.none() | st.booleans() | st.integers() | strings
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(strings, inner, max_size=3)
)
objects = st.dictionaries(strings | st.just("level"), trees, max_size=3)
whitespace = st.text(" \t\r\n", max_size=3)
UNREADABLE_BITS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b"\n",
    b"\\",
    b" ",
    b"1",
    b"{}",
    b'{"a":1}',
    b"\xff",
    b"nul",
]
soup = st.lists(st.sampled_from(UNREADABLE_BITS), max_size=24).map(b"".join)
mangled = st.binary(max_size=60) | st.builds(
    bytes.__add__, st.sampled_from([b"", b"[", b"{\n", b'{"a":1}\n', b"1\n", b"[x] y"]), soup
)
limits = st.builds(
    Limits,
    chunk_rows=st.integers(1, 5) | st.just(1000),
    chunk_bytes=st.integers(1, 80) | st.just(100_000),
    max_entry_bytes=st.just(WIDE.max_entry_bytes),
)


@dataclass(frozen=True, slots=True)
class File:
    data: bytes
    expected: list[Found]


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """One object, written in one of the ways JSON allows, perhaps with bytes that are no UTF-8."""
    value = draw(objects)
    indent = draw(st.sampled_from([None, 1]))
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=indent)
    encoded = text.encode("utf-8", "surrogatepass")
    return encoded.replace("é".encode(), b"\xe9") if draw(st.booleans()) else encoded


@st.composite
def files(draw: st.DrawFn) -> File:
    entries = draw(st.lists(texts() | st.sampled_from([b"1", b"null", b'"},{"', b'{"a":01}']), max_size=8))
    layout = draw(st.sampled_from(["array", "lines", "multiline"]))
    if layout == "lines":
        entries = [entry for entry in entries if b"\n" not in entry]
    if layout == "multiline":
        entries = [b'{\n"first": 1}', *entries]
    out = bytearray(draw(st.sampled_from([b"", b"\xef\xbb\xbf"])))
    expected = []
    out += b"[" if layout == "array" else b""
    for index, entry in enumerate(entries):
        is_word = not entry.startswith(b"{")
        between = "," if layout == "array" and index else ("\n" if is_word and layout != "array" else "")
        out += (draw(whitespace) + between + draw(whitespace)).encode()
        expected.append(Found(len(out), entry, kind_of(entry)))
        out += entry
        out += b"\n" if is_word and layout != "array" else b""
    out += draw(whitespace).encode()
    out += b"]" if layout == "array" else b""
    return File(bytes(out + draw(whitespace).encode()), expected)


@st.composite
def stored(draw: st.DrawFn, data: bytes) -> Stored:
    """The bytes plain or as gzip members split anywhere, read in sizes that mean nothing."""
    sizes = draw(st.lists(st.integers(1, 40), max_size=4))
    if draw(st.booleans()):
        cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
        edges = [0, *cuts, len(data)]
        members = [gzip.compress(data[a:b], 1) for a, b in itertools.pairwise(edges)]
        return Stored(b"".join(members) + b"\0" * draw(st.sampled_from([0, 3])), sizes)
    return Stored(data, sizes)


def clock(draw: Callable[[st.SearchStrategy[int]], int]) -> Callable[[], bool]:
    chance = random.Random(draw(st.integers(0, 2**16)))  # noqa: S311 - a test's dice
    share = draw(st.sampled_from([0, 1, 3]))
    return lambda: chance.randrange(4) < share


def plain_kinds(entries: list[Found]) -> list[Found]:
    return [Found(entry.offset, entry.original, entry.kind.split(":")[0]) for entry in entries]


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.data(), files(), limits)
def test_every_file_is_read_as_a_plain_reading_of_it_says(
    data: st.DataObject, file: File, bounds: Limits
) -> None:
    stream = data.draw(stored(file.data))
    result = reading(batches(stream, bounds, time_is_up=clock(data.draw)))
    assert result.error is None
    assert plain_kinds(result.found) == file.expected
    assert all(file.data[e.offset : e.offset + len(e.original)] == e.original for e in result.found)


@settings(max_examples=150, deadline=None)
@given(st.data(), files().map(lambda file: file.data) | mangled, limits)
def test_resuming_at_any_batch_gives_exactly_the_rest(
    data: st.DataObject, content: bytes, bounds: Limits
) -> None:
    whole = reading(batches(Stored(content), bounds, time_is_up=never))
    boundaries: list[Batch] = []
    try:
        boundaries.extend(batches(Stored(content), bounds, time_is_up=clock(data.draw)))
    except Exception:  # noqa: BLE001 - what it raises is another test's subject
        assert whole.error is not None
    for batch in boundaries:
        done = batch.first_ordinal + len(batch.values)
        again = batches(
            data.draw(stored(content)),
            WIDE,
            checkpoint=done,
            checkpoint_offset=batch.end_offset,
            time_is_up=never,
        )
        rest = reading(again, first_ordinal=done)
        assert rest.found == whole.found[done:]
        assert rest.error == whole.error


@settings(max_examples=600, deadline=None)
@given(st.data(), mangled, limits)
def test_no_bytes_make_it_depend_on_how_they_are_cut(
    data: st.DataObject, content: bytes, bounds: Limits
) -> None:
    wide = replace(WIDE, max_entry_bytes=data.draw(st.sampled_from([3, 12, WIDE.max_entry_bytes])))
    bounds = replace(bounds, max_entry_bytes=wide.max_entry_bytes)
    expected = reading(batches(Stored(content), wide, time_is_up=never))
    stream = Stored(content, data.draw(st.lists(st.integers(1, 9), max_size=3)))
    assert reading(batches(stream, bounds, time_is_up=clock(data.draw))) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast.FastPath, "parse", lambda *_: None)
        assert reading(batches(Stored(content), wide, time_is_up=never)) == expected


@settings(max_examples=250, deadline=None)
@given(st.data(), files(), limits)
def test_a_damaged_file_gives_entries_and_then_says_what_is_wrong(
    data: st.DataObject, file: File, bounds: Limits
) -> None:
    content = bytearray(file.data)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        size = data.draw(st.integers(0, 2))
        content[at : at + size] = data.draw(st.sampled_from(UNREADABLE_BITS) | st.just(b""))
    wide = replace(WIDE, max_entry_bytes=data.draw(st.sampled_from([3, 12, WIDE.max_entry_bytes])))
    bounds = replace(bounds, max_entry_bytes=wide.max_entry_bytes)
    expected = reading(batches(Stored(bytes(content)), wide, time_is_up=never))
    stream = data.draw(stored(bytes(content)))
    assert reading(batches(stream, bounds, time_is_up=clock(data.draw))) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast.FastPath, "parse", lambda *_: None)
        assert reading(batches(Stored(bytes(content)), wide, time_is_up=never)) == expected


@settings(max_examples=100, deadline=None)
@given(st.data(), files())
def test_a_cut_gzip_file_gives_a_prefix_of_the_entries_and_an_error(data: st.DataObject, file: File) -> None:
    packed = gzip.compress(file.data)
    cut = data.draw(st.integers(2, len(packed) - 1))
    whole = reading(batches(Stored(file.data), WIDE, time_is_up=never))
    result = reading(batches(Stored(packed[:cut]), WIDE, time_is_up=never))
    assert result.error is not None
    assert result.found == whole.found[: len(result.found)]


@settings(max_examples=150, deadline=None)
@given(st.data(), files())
def test_a_flipped_bit_in_gzip_is_an_error_unless_it_changes_nothing(data: st.DataObject, file: File) -> None:
    packed = bytearray(gzip.compress(file.data))
    packed[data.draw(st.integers(10, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    result = reading(batches(Stored(bytes(packed)), WIDE, time_is_up=never))
    assert result.error is not None or result == reading(batches(Stored(file.data), WIDE, time_is_up=never))
