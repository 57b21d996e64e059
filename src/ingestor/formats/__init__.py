"""Formats: how a file's bytes become entries, and an entry a row.

    compression   stored bytes -> uncompressed bytes
    framing       uncompressed bytes -> entries: where each begins and ends (lines, groups of lines, JSON values)
    parser        an entry -> its fields, under the names its documentation uses
    mapping       fields -> columns of `logs`, by an ordered list of names for each column

`json` is the format that needs no parser of its own and has a framing made for speed; `text` is what all others are
made of. The sequence of entries is a function of the file's bytes alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ingestor.formats.limits import Limits
from ingestor.model.entry import Batch
from ingestor.model.rows import Mapper, RowOrigin

__all__ = ["Format", "Limits", "Position"]


@dataclass(frozen=True, slots=True)
class Position:
    """How far a file is handled: its first `entries`, which end at uncompressed byte `offset`."""

    entries: int = 0
    offset: int = 0


class Format(Protocol):
    """One way to read a file. It holds no state of a file: one object serves all."""

    @property
    def name(self) -> str:
        """As `processed_files.format` has it."""
        ...

    def batches(
        self,
        pieces: Iterator[bytes],
        limits: Limits,
        start: Position,
        time_is_up: Callable[[], bool],
        /,
    ) -> Iterator[Batch]:
        """The entries after `start`; the last batch, possibly empty, has `is_last`.

        `pieces` are the file's uncompressed bytes from the first on, at least one after each read of the store, some of
        them empty. `time_is_up` is asked after each: when it is, what is complete comes at once as a batch, possibly
        empty. Raises UnreadableError, and what `pieces` raises, both after a batch with the entries before it.
        """
        ...

    def mapper(self, origin: RowOrigin, /) -> Mapper: ...
