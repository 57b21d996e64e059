"""Lines and groups of lines are entries, wherever the file is cut into pieces and wherever a worker resumes."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from ingestor.errors import SourceUnavailableError, UnreadableError
from ingestor.formats import Position
from ingestor.formats.framing import Framing, framed_batches
from ingestor.formats.framing.lines import Groups, Lines
from ingestor.formats.limits import Limits
from ingestor.model.entry import Batch, InContext, Malformed, Repaired, Value

LIMITS = Limits(chunk_rows=20_000, chunk_bytes=8 * 1024 * 1024, max_entry_bytes=1024 * 1024)
SMALL = Limits(chunk_rows=3, chunk_bytes=64, max_entry_bytes=20)
type Make = Callable[[Limits], Framing]


class Columns:
    """A header line names the columns of the entries after it; other lines that begin with # are comments."""

    prefixes: tuple[bytes, ...] = (b"#",)

    def __init__(self) -> None:
        self.context: object = None

    def take(self, line: bytes, /) -> bool:
        if line.startswith(b"#Fields:"):
            self.context = tuple(line[8:].split())
        return line.startswith(b"#")


def lines(limits: Limits) -> Framing:
    return Lines(limits)


def lines_with_headers(limits: Limits) -> Framing:
    return Lines(limits, Columns())


def groups(limits: Limits) -> Framing:
    return Groups(limits, re.compile(rb"\d\d").match)


def pieces_of(data: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    yield from (data[start:end] for start, end in pairwise(places))


def entries(
    data: bytes, make: Make = lines, limits: Limits = LIMITS, cuts: Sequence[int] = (), checkpoint: int = 0
) -> list[tuple[int, Value]]:
    found: list[tuple[int, Value]] = []
    parts: list[Batch] = list(
        framed_batches(
            pieces_of(data, cuts), make(limits), limits, start=Position(checkpoint), time_is_up=lambda: False
        )
    )
    assert [part.is_last for part in parts] == [False] * (len(parts) - 1) + [True]
    for part in parts:
        assert part.first_ordinal == checkpoint + len(found)
        found += [(part.offset_of(index), value) for index, value in enumerate(part.values)]
    return found


def texts(data: bytes, make: Make = lines) -> list[bytes]:
    return [bytes(value) for _, value in entries(data, make) if isinstance(value, Raw)]


def test_a_line_is_an_entry_without_its_end() -> None:
    assert entries(b"one\r\ntwo\nthree") == [(0, Raw(b"one")), (5, Raw(b"two")), (9, Raw(b"three"))]


def test_blank_lines_are_no_entries() -> None:
    assert entries(b"\n \t\n\r\na\n\n") == [(6, Raw(b"a"))]


def test_a_byte_order_mark_belongs_to_no_entry() -> None:
    assert entries(b"\xef\xbb\xbfa\nb") == [(3, Raw(b"a")), (5, Raw(b"b"))]
    assert entries(b"\xef\xbb\xbf") == []
    assert entries(b"\xef\xbb\xbfa", cuts=(1, 2)) == [(3, Raw(b"a"))]
    assert isinstance(entries(b"\xef\xbb")[0][1], Repaired)


def test_what_postgres_can_not_hold_is_repaired_and_kept() -> None:
    assert entries(b"a\0b\n\xff") == [
        (0, Repaired("a\N{REPLACEMENT CHARACTER}b".encode(), b"a\0b")),
        (4, Repaired("\N{REPLACEMENT CHARACTER}".encode(), b"\xff")),
    ]
    assert texts("ü\nä".encode()) == ["ü".encode(), "ä".encode()]


def test_a_line_over_the_limit_is_malformed_and_its_neighbours_are_not() -> None:
    found = entries(b"a\n" + b"x" * 21 + b"\nb\n" + b"y" * 100, limits=SMALL)
    assert found == [
        (0, Raw(b"a")),
        (2, Malformed("larger than 20 bytes (MAX_ENTRY_BYTES)", 2, 21, b"x" * 21)),
        (24, Raw(b"b")),
        (26, Malformed("larger than 20 bytes (MAX_ENTRY_BYTES)", 26, 100, b"y" * 100)),
    ]


def test_the_last_header_before_an_entry_is_its_context() -> None:
    data = b"#Version: 1\n#Fields: a b\n1\n#Fields: c\n2\n"
    assert entries(data, lines_with_headers) == [
        (25, InContext(Raw(b"1"), (b"a", b"b"))),
        (38, InContext(Raw(b"2"), (b"c",))),
    ]


def test_a_header_counts_after_resuming_as_well() -> None:
    data = b"#Fields: a\n1\n#Fields: b\n2\n3\n"
    assert entries(data, lines_with_headers, checkpoint=2) == [(26, InContext(Raw(b"3"), (b"b",)))]


def test_lines_from_one_that_matches_to_the_next_are_one_entry() -> None:
    assert texts(b"12 a\n  at b\n\n  at c\r\n34 d\n", groups) == [b"12 a\n  at b\n\n  at c", b"34 d"]


def test_a_group_over_the_limit_is_malformed_and_counted_whole() -> None:
    found = entries(b"12\n" + b"x" * 10 + b"\n" + b"y" * 30 + b"\n34\n", groups, SMALL)
    assert [type(value) for _, value in found] == [Malformed, Raw]
    assert isinstance(found[0][1], Malformed)
    assert found[0][1].length == 3 + 11 + 30


def test_entries_before_a_failure_come_first() -> None:
    def broken() -> Iterator[bytes]:
        yield b"a\nb\nc"
        raise SourceUnavailableError("gone")

    parts = framed_batches(broken(), Lines(LIMITS), LIMITS, start=Position(), time_is_up=lambda: False)
    assert [bytes(value) for value in next(parts).values if isinstance(value, Raw)] == [b"a", b"b"]
    with pytest.raises(SourceUnavailableError):
        next(parts)


def test_a_file_with_fewer_entries_than_were_loaded_is_refused() -> None:
    with pytest.raises(UnreadableError, match="fewer entries than the 3 loaded"):
        entries(b"a\nb\n", checkpoint=3)


def test_when_time_is_up_what_is_complete_comes_at_once_even_if_that_is_nothing() -> None:
    parts = framed_batches(
        iter([b"a", b"\nb\n", b""]), Lines(LIMITS), LIMITS, start=Position(), time_is_up=lambda: True
    )
    assert [len(part.values) for part in parts] == [0, 2, 0, 0]


HOSTILE = st.lists(
    st.sampled_from(
        [
            b"\n",
            b"\r\n",
            b"\r",
            b" ",
            b"#",
            b"#Fields: a b\n",
            b"12",
            b"x" * 25,
            b"\0",
            b"\xff",
            "é".encode(),
            b"\xef\xbb\xbf",
        ]
    ),
    max_size=40,
).map(b"".join)


@pytest.mark.parametrize("make", [lines, lines_with_headers, groups])
@given(
    data=HOSTILE | st.binary(max_size=200),
    cuts=st.lists(st.integers(0, 500), max_size=8),
    resume=st.integers(0, 50),
)
def test_cuts_and_resuming_change_nothing(make: Make, data: bytes, cuts: list[int], resume: int) -> None:
    whole = entries(data, make, SMALL)
    assert entries(data, make, SMALL, cuts) == whole
    checkpoint = min(resume, len(whole))
    assert entries(data, make, SMALL, cuts, checkpoint) == whole[checkpoint:]
    offsets = [offset for offset, _ in whole]
    assert offsets == sorted(set(offsets))
