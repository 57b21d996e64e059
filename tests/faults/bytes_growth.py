"""The same bytes over and over: the work grows as they do, and the memory doesn't."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from tests.support.decoding import never
from tests.support.entries import batches

from ingestor.errors import IngestorError
from ingestor.formats import Limits
from ingestor.formats.json import bulk, scanner
from ingestor.formats.json.layout import Layout

_LIMITS = Limits(chunk_rows=2_000, chunk_bytes=256 * 1024, max_entry_bytes=64 * 1024)
_LOOKED_AT_ONCE = 4 * 1024
_PEAK = 12_000_000
"""Of the mebibyte of a head that is looked at, a few windows, and one chunk with 2,000 entries."""


class Repeated:
    """A ByteStream of `count` times the same bytes, `beginning` before them."""

    def __init__(self, beginning: bytes, piece: bytes, size: int) -> None:
        self._piece = piece * (64 * 1024 // len(piece) + 1)
        self._ready = beginning
        self._left = size
        self.size = size + len(beginning)

    def read(self, size: int, /) -> bytes:
        if not self._ready and self._left > 0:
            self._ready = self._piece
            self._left -= len(self._piece)
        read, self._ready = self._ready[:size], self._ready[size:]
        return read

    def close(self) -> None:
        pass


def check_work(beginning: bytes, size: int, piece: bytes) -> None:
    """Each byte is scanned once by the exact scanner and parsed a few times at most, however many there are."""
    with _counting() as counts:
        entries = _entries(Repeated(beginning, piece, size))
    total = len(beginning) + size + 64 * 1024 + len(piece)
    assert counts.scanned <= 3 * total
    assert counts.parsed <= 4 * total + 2 * _LOOKED_AT_ONCE * (entries + 1)


def check_memory(beginning: bytes, size: int, piece: bytes) -> None:
    tracemalloc.start()
    try:
        _entries(Repeated(beginning, piece, size))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= _PEAK + 8 * len(piece)


class _Counts:
    scanned = 0
    parsed = 0


@contextmanager
def _counting() -> Iterator[_Counts]:
    counts = _Counts()
    advance, parse = scanner.Balance.advance, bulk.parse

    def counting_advance(self: scanner.Balance, data: bytes, at: int) -> scanner.Stop:
        stop = advance(self, data, at)
        counts.scanned += self.at - at
        return stop

    def counting_parse(text: bytes, layout: Layout, offset: int, limit: int) -> bulk.Parsed | bulk.NotParsed:
        counts.parsed += len(text)
        return parse(text, layout, offset, limit)

    with (
        patch.object(scanner.Balance, "advance", counting_advance),
        patch.object(bulk, "parse", counting_parse),
    ):
        yield counts


def _entries(stream: Repeated) -> int:
    entries = 0
    try:
        for batch in batches(stream, _LIMITS, time_is_up=never):
            entries += len(batch.values)
    except IngestorError:
        pass
    return entries
