"""Uncompressed bytes to entries, for every format but plain JSON: what a framing is, and how entries become batches.

Where entries begin and end is a function of the file's bytes alone, never of where they were cut into pieces. So a
resumed worker frames the file from its first byte and leaves out the entries that are handled already: a header line, a
half-read group and the depth inside an array come back by themselves, and the ledger need not know about them. The
bytes before a checkpoint are read and decompressed in any case, because gzip has no other way in.
docs/decisions/0026-resuming-by-framing-again.md

`lines` frames text by lines and groups of lines, `batching` makes entries batches.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from ingestor.errors import IngestorError, UnreadableError
from ingestor.formats import Position
from ingestor.formats.framing.batching import Batching
from ingestor.formats.limits import Limits
from ingestor.model.entry import Batch, Value, size_of

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Frames:
    """Consecutive entries that are complete: `offsets[i]` is the uncompressed byte at which `values[i]` starts.

    `failure`: behind them the rest has no unique reading, or the file ends where it may not.
    """

    values: list[Value]
    offsets: list[int]
    failure: UnreadableError | None = None


class Framing(Protocol):
    """The state within one file. Fed its uncompressed bytes in order, in pieces of any size.

    An entry that is complete is given back once, as soon as it is: memory holds one entry, cut at MAX_ENTRY_BYTES.
    A byte order mark has been taken away; offsets count it.
    """

    def feed(self, data: bytes, /) -> Frames:
        """Raises UnreadableError where the rest has no unique reading, unless there are complete entries in hand: those
        come back, with the error as their `failure`."""
        ...

    def finish(self) -> Frames:
        """The file ends here. Raises UnreadableError where it may not, likewise."""
        ...


class _Run:
    """What `Batching` asks of values that came together."""

    def __init__(self, values: list[Value], offsets: list[int]) -> None:
        self.values = values
        self.offset_of = offsets.__getitem__


class _Unhandled:
    """Leaves out the entries before the checkpoint, and batches the others."""

    def __init__(self, limits: Limits, start: Position) -> None:
        self.batching = Batching(limits, start.entries, start.offset)
        self._left_out = 0
        self._checkpoint = start.entries
        self._chunk_bytes = limits.chunk_bytes

    @property
    def is_short(self) -> bool:
        return self._left_out < self._checkpoint

    def add(self, frames: Frames) -> Iterator[Batch]:
        values, offsets = frames.values, frames.offsets
        skipped = min(self._checkpoint - self._left_out, len(values))
        if skipped:
            self._left_out += skipped
            values, offsets = values[skipped:], offsets[skipped:]
        yield from self._in_runs(values, offsets)
        if frames.failure is not None:
            raise frames.failure

    def _in_runs(self, values: list[Value], offsets: list[int]) -> Iterator[Batch]:
        """None of more than a chunk's bytes, but for a value that is larger alone."""
        start = 0
        while start < len(values):
            most = offsets[start] + self._chunk_bytes
            stop = bisect_right(offsets, most, start + 1)
            if stop > start + 1 and offsets[stop - 1] + size_of(values[stop - 1]) > most:
                stop -= 1
            end = offsets[stop - 1] + size_of(values[stop - 1])
            run = _Run(values[start:stop], offsets[start:stop])
            yield from self.batching.add_run(run, end, end - offsets[start])
            start = stop


def framed_batches(
    pieces: Iterator[bytes],
    framing: Framing,
    limits: Limits,
    *,
    start: Position,
    time_is_up: Callable[[], bool],
) -> Iterator[Batch]:
    """The entries after `start`; the last batch, possibly empty, has `is_last`.

    `time_is_up` is asked after each piece; when it is, what is complete comes at once as a batch, possibly empty.
    Raises UnreadableError, and what `pieces` raises, both after a batch with the entries before it.
    """
    unhandled = _Unhandled(limits, start)
    batching = unhandled.batching
    try:
        for piece in _without_bom(pieces):
            is_silent = True
            for batch in unhandled.add(framing.feed(piece)):
                is_silent = False
                yield batch
            if time_is_up() and (is_silent or not batching.is_empty):
                yield batching.take()
        yield from unhandled.add(framing.finish())
        if unhandled.is_short:
            raise UnreadableError(
                f"the object has fewer entries than the {start.entries} loaded from it; it is not the version that was "
                "begun: upload it again"
            )
    except IngestorError:
        if not batching.is_empty:
            yield batching.take()
        raise
    yield replace(batching.take(), is_last=True)


def _without_bom(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """An empty piece stays one: each is a sign that time went by. The mark's bytes are replaced by line ends, which
    no framing takes for an entry and which keep the offsets."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) < len(BOM) and BOM.startswith(head):
            yield b""
            continue
        yield b"\n" * len(BOM) + head[len(BOM) :] if head.startswith(BOM) else head
        yield from pieces
        return
    if head:
        yield head
