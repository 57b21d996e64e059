"""Entries collected into batches within the limits, each entry's place computed only when asked for."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingestor.formats.limits import Limits
from ingestor.model.entry import Batch, Value, size_of


class Run(Protocol):
    """Values that were found together."""

    @property
    def values(self) -> Sequence[Value]: ...

    def offset_of(self, index: int, /) -> int:
        """The uncompressed byte at which `values[index]` starts."""
        ...


@dataclass(frozen=True, slots=True)
class _Places:
    """The offsets of the batch's values from `first` on: those of a run from its value `skipped` on."""

    first: int
    skipped: int
    offset_of: Callable[[int], int]


class Batching:
    """Takes entries in order and gives batches, when they are full or when asked."""

    def __init__(self, limits: Limits, ordinal: int, end_offset: int) -> None:
        self._limits = limits
        self._ordinal = ordinal
        self._end_offset = end_offset
        self._start_anew()

    def _start_anew(self) -> None:
        self._values: list[Value] = []
        self._places: list[_Places] = []
        self._singles: list[int] = []
        self._bytes = 0

    @property
    def is_empty(self) -> bool:
        return not self._values

    def add(self, value: Value, offset: int, held: int) -> Iterator[Batch]:
        """One value of which `held` bytes are in memory."""
        yield from self._make_room(held)
        if not self._singles or self._places[-1].offset_of != self._singles.__getitem__:
            self._places.append(_Places(len(self._values), len(self._singles), self._singles.__getitem__))
        self._singles.append(offset)
        self._values.append(value)
        self._bytes += held
        self._end_offset = offset + size_of(value)

    def add_run(self, run: Run, end_offset: int, held: int) -> Iterator[Batch]:
        """The last value of `run` ends at `end_offset`."""
        yield from self._make_room(held)
        taken = 0
        while taken < len(run.values):
            part = run.values[taken : taken + self._limits.chunk_rows - len(self._values)]
            self._places.append(_Places(len(self._values), taken, run.offset_of))
            self._values += part
            taken += len(part)
            self._bytes += held * len(part) // len(run.values)
            is_all = taken == len(run.values)
            self._end_offset = end_offset if is_all else run.offset_of(taken - 1) + size_of(part[-1])
            if not is_all:
                yield self.take()

    def take(self) -> Batch:
        """What there is, possibly nothing."""
        starts, places = [place.first for place in self._places], self._places

        def offset_of(index: int) -> int:
            place = places[bisect_right(starts, index) - 1]
            return place.offset_of(index - place.first + place.skipped)

        first = self._ordinal
        self._ordinal += len(self._values)
        batch = Batch(self._values, first, self._end_offset, is_last=False, offset_of=offset_of)
        self._start_anew()
        return batch

    def _make_room(self, held: int) -> Iterator[Batch]:
        is_full = (
            len(self._values) >= self._limits.chunk_rows or self._bytes + held > self._limits.chunk_bytes
        )
        if is_full and self._values:
            yield self.take()
