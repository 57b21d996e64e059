"""The elements of an inner array are entries, wherever the array stands, and wherever the file is cut."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from ingestor.errors import UnreadableError
from ingestor.formats import Position
from ingestor.formats.framing import framed_batches
from ingestor.formats.json import holding
from ingestor.formats.json.expand import ExpandedLevel, Expansion
from ingestor.formats.limits import Limits
from ingestor.model.entry import InContext, Malformed, Repaired, Value, size_of

RECORDS = Expansion(
    (ExpandedLevel("Records", frozenset({"digest"})),), in_context=False, is_control=lambda of: "digest" in of
)
EVENTS = Expansion(
    (ExpandedLevel("events", frozenset({"group"})),), is_control=lambda of: of.get("group") == "control"
)
NESTED = Expansion(
    (
        ExpandedLevel("resources", frozenset({"of"})),
        ExpandedLevel("scopes", frozenset({"resource"})),
        ExpandedLevel("logs", frozenset({"scope"})),
    )
)
WIDE = Limits(chunk_rows=20_000, chunk_bytes=8 * 1024 * 1024, max_entry_bytes=1024 * 1024)
SMALL = Limits(chunk_rows=3, chunk_bytes=64, max_entry_bytes=60)


@dataclass(frozen=True, slots=True)
class Reading:
    """Each entry with its offset, its bytes or the reason, and its context."""

    entries: list[tuple[int, bytes, Any]]
    failure: str | None = None


def pieces_of(data: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    yield from (data[start:end] for start, end in pairwise(places))


def read(
    data: bytes, expansion: Expansion, cuts: Sequence[int] = (), limits: Limits = WIDE, checkpoint: int = 0
) -> Reading:
    entries: list[tuple[int, bytes, Any]] = []
    framing = expansion.framing(limits)
    try:
        for batch in framed_batches(
            pieces_of(data, cuts), framing, limits, start=Position(checkpoint), time_is_up=lambda: False
        ):
            assert len(batch.values) <= limits.chunk_rows
            assert len(batch.values) <= 1 or sum(map(size_of, batch.values)) <= limits.chunk_bytes
            for index, value in enumerate(batch.values):
                offset = batch.offset_of(index)
                assert is_in_place(data, offset, value)
                entries.append((offset, *told(value)))
    except UnreadableError as error:
        return Reading(entries, str(error))
    return Reading(entries)


def is_in_place(data: bytes, offset: int, value: Value) -> bool:
    found = data[offset : offset + size_of(value)]
    match value:
        case Raw():
            return found == bytes(value)
        case InContext():
            return found == bytes(value.text)
        case Repaired():
            return found == value.original
        case Malformed():
            return found.startswith(value.raw) and value.offset == offset


def told(value: Value) -> tuple[bytes, Any]:
    match value:
        case Raw():
            return bytes(value), None
        case InContext() | Repaired():
            return bytes(value.text), value.context
        case Malformed():
            return value.reason.encode(), None


def texts(data: bytes, expansion: Expansion = RECORDS) -> list[bytes]:
    reading = read(data, expansion)
    assert reading.failure is None, reading.failure
    return [text for _, text, _ in reading.entries]


@pytest.mark.parametrize(
    "data",
    [
        b'{"Records":[{"a":1},{"b":2}]}',
        b' \n{ "Records" : [ {"a":1} , {"b":2} ] }\n',
        b'{"x":{"Records":[{"no":1}]},"Records":[{"a":1},{"b":2}],"y":"{\\"Records\\":[{}]}"}',
        b'{"x":"\\\\\\"","n":-1.5e3,"t":true,"z":null,"e":{},"l":[[]],"Records":[{"a":1},{"b":2}]}',
        b'{"Records":[{"a":1}]}{"Records":[{"b":2}]}',
        b'{"Records":[{"a":1}],"Records":[{"b":2}]}\n{"Records":[]}',
        b'\xef\xbb\xbf{"Records":[{"a":1},{"b":2}]}',
        b'{"\\u0052ecords":[{"a":1},{"b":2}]}',
    ],
)
def test_each_element_is_an_entry_whatever_stands_around(data: bytes) -> None:
    assert texts(data) == [b'{"a":1}', b'{"b":2}']


@pytest.mark.parametrize("data", [b"", b" \n", b'{"Records":[]}', b'{"digest":"d","logFiles":[{"a":1}]}'])
def test_a_file_without_entries_is_no_mistake(data: bytes) -> None:
    assert texts(data) == []


@pytest.mark.parametrize("data", [b'{"a":1}', b"{}", b'{"Records":{"a":1}}', b'{"Records":null}'])
def test_an_object_without_the_array_is_a_malformed_entry(data: bytes) -> None:
    assert texts(data + b'{"Records":[{}]}') == [b"an object without an array `Records`", b"{}"]


def test_what_is_no_object_is_malformed_and_ends_with_its_line() -> None:
    assert texts(b'[{"Records":[]}]\n{"Records":[{}]}\nend') == [b"not an object", b"{}", b"not an object"]


def test_a_malformed_element_costs_only_itself() -> None:
    reasons = texts(b'{"Records":[{"a":1},{"a":01},7,,"x",{"a":"\xff"},{"b":2}]}')
    assert reasons[0] == b'{"a":1}'
    assert reasons[1].startswith(b"not valid JSON")
    assert reasons[2:5] == [b"not an object", b"nothing where an entry should be", b"not an object"]
    assert texts(b'{"Records":[{"a":1}{"b":2},{}]}')[0].startswith(b"not valid JSON")
    assert reasons[5:] == ['{"a":"\N{REPLACEMENT CHARACTER}"}'.encode(), b'{"b":2}']


def test_an_element_over_the_limit_is_malformed() -> None:
    reading = read(b'{"Records":[{"a":"%b"},{"b":2}]}' % (b"x" * 100), RECORDS, limits=SMALL)
    assert [text for _, text, _ in reading.entries] == [b"larger than 60 bytes (MAX_ENTRY_BYTES)", b'{"b":2}']


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        (b'{"Records":[{"a":1},{"b":', "truncated: the object that starts at uncompressed byte 0"),
        (b'{"Records":[{"a":1},', "truncated"),
        (b'{"Records":[{"a":1}]', "truncated"),
        (b'{"Records":[{"a":1}],"x', "truncated"),
        (b'{"Records":[{"a":1}]]', "has no place in an object"),
        (b'{"Records":[{"a":1}],}', "has no place in an object"),
        (b'{"Records":[{"a":1}] "x":1}', "has no place in an object"),
        (b'{"Records":[{"a":1}],"x":}', "has no place in an object"),
        (b'{"Records":[{"a":1}],"x":[}]}', "closes what was not opened"),
        (b'{"Records":[{"a":1},{"b":2]}]}', "closes what was not opened"),
    ],
)
@pytest.mark.parametrize("expansion", [RECORDS, Expansion((ExpandedLevel("Records"),))])
def test_entries_before_the_place_without_a_reading_come_first(
    data: bytes, failure: str, expansion: Expansion
) -> None:
    for cuts in ((), range(len(data))):
        reading = read(data, expansion, cuts)
        assert reading.failure is not None
        assert failure in reading.failure
        assert [text for _, text, _ in reading.entries] == [b'{"a":1}']


def test_what_the_object_says_is_the_context_whether_before_or_behind() -> None:
    data = b'{"group":"g","other":1,"events":[{"a":1},{"a":"\xff"}]}{"events":[{"b":2}],"group":["h"]}{"events":[{}]}'
    contexts = [context for _, _, context in read(data, EVENTS).entries]
    assert contexts == [({"group": "g"},), ({"group": "g"},), ({"group": ["h"]},), ({},)]


def test_a_control_message_has_no_entries() -> None:
    assert texts(b'{"events":[{"a":1}],"group":"control"}{"group":"g","events":[{}]}', EVENTS) == [b"{}"]


def test_arrays_within_arrays_give_the_context_of_each_level() -> None:
    data = (
        b'{"of":1,"resources":[{"resource":"r","scopes":[{"scope":"s","logs":[{"a":1}]},{"logs":[{"b":2}],"scope":"t"}]},'
        b'7,{},{"scopes":[{"logs":[{"c":3}]}],"resource":"q"}]}'
    )
    assert [(text, context) for _, text, context in read(data, NESTED).entries] == [
        (b'{"a":1}', ({"of": 1}, {"resource": "r"}, {"scope": "s"})),
        (b'{"b":2}', ({"of": 1}, {"resource": "r"}, {"scope": "t"})),
        (b"not an object", None),
        (b'{"c":3}', ({"of": 1}, {"resource": "q"}, {})),
    ]


def test_more_elements_than_are_held_get_what_was_said_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "HELD_BYTES", 20)
    data = b'{"events":[{"a":1},{"a":2},{"a":3},{"a":4}],"group":"late"}'
    for cuts in ((), range(len(data))):
        contexts = [context for _, _, context in read(data, EVENTS, cuts).entries]
        assert contexts == [({},), ({},), ({},), ({"group": "late"},)]


TOKENS = [bytes([byte]) for byte in b'{}[],:" \n\\1\xff'] + [b'"x"', b"null"]
PARTS = st.sampled_from([
    *TOKENS, b'"Records"', b'"Records":[', b'"x":', b'{"a":1}', b',{"a":2}', b'{"Records":[{"a":1},{"b":[2]}]}',
    b'{"digest":1}', b'{"a":"\\u0000"}', b'{"a":"},{"}', b'{"n":' + b"[" * 20 + b"]" * 20 + b"}",
])  # fmt: skip


@given(parts=st.lists(PARTS, max_size=25), cuts=st.lists(st.integers(0, 400), max_size=8))
@pytest.mark.parametrize("expansion", [RECORDS, Expansion((ExpandedLevel("Records", frozenset({"x"})),))])
def test_cuts_and_resuming_change_nothing(parts: list[bytes], cuts: list[int], expansion: Expansion) -> None:
    data = b"".join(parts)
    whole = read(data, expansion, limits=SMALL)
    assert read(data, expansion, cuts, SMALL) == whole
    for checkpoint in range(len(whole.entries) + 1):
        rest = read(data, expansion, cuts, SMALL, checkpoint)
        assert rest == Reading(whole.entries[checkpoint:], whole.failure)
    offsets = [offset for offset, _, _ in whole.entries]
    assert offsets == sorted(offsets)


ANY = st.sampled_from([1, "]}", [{"events": [1]}], {"a": {}}])
MEMBERS = st.dictionaries(st.sampled_from(["x", "group", "y z"]), ANY)
ENTRIES = st.dictionaries(st.sampled_from("ab"), st.integers())
OBJECTS = st.fixed_dictionaries({"events": st.lists(ENTRIES, max_size=4)})


@given(
    objects=st.lists(st.tuples(MEMBERS, OBJECTS, MEMBERS), max_size=4),
    indent=st.sampled_from([None, 1]),
    cuts=st.lists(st.integers(0, 400), max_size=8),
)
def test_any_valid_file_is_read_as_json_reads_it(
    objects: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]], indent: int | None, cuts: list[int]
) -> None:
    whole = [{**before, **events, **after} for before, events, after in objects]
    data = "".join(json.dumps(each, indent=indent) for each in whole).encode()
    expected = [(element, each.get("group")) for each in whole for element in each["events"]]
    found = read(data, EVENTS, cuts)
    assert found.failure is None
    assert [(json.loads(text), context[0].get("group")) for _, text, context in found.entries] == expected
