"""What a format finds in a file and a sink puts into Postgres: entries, in their order, with their place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec import Raw

RAW_LIMIT = 64 * 1024
"""At most this many bytes of a rejected entry are kept (`rejected_entries.raw`)."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A well-formed entry that held `\\u0000`, a lone surrogate or invalid UTF-8: readable, and as it was."""

    text: bytes
    original: bytes
    context: object = None


@dataclass(frozen=True, slots=True)
class InContext:
    """An entry that can't be read alone: `context` is what stands elsewhere in the file, a header line or a parent."""

    text: Raw
    context: object


@dataclass(frozen=True, slots=True)
class Malformed:
    """A stretch of the file that is no entry: `raw` holds its first 64 KiB, `length` is all of it."""

    reason: str
    offset: int
    length: int
    raw: bytes


type Value = Raw | InContext | Repaired | Malformed
"""`Raw` is the common case: an entry that reads alone, its own bytes, valid UTF-8, nothing to repair."""


def size_of(value: Value) -> int:
    """The bytes of the file that are this value."""
    match value:
        case Malformed():
            return value.length
        case Repaired():
            return len(value.original)
        case InContext():
            return len(value.text)
        case Raw():
            return len(value)


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive entries of one file, decided by the file's bytes alone, wherever the batch was cut.

    `values[i]` is the entry with ordinal `first_ordinal + i` (from 0); it starts at `offset_of(i)` in the
    uncompressed bytes. `end_offset` is where the entries after this batch are looked for; `is_last` says
    that there are none.
    An empty batch that is not the last is a sign of life from a slow source.
    """

    values: Sequence[Value]
    first_ordinal: int
    end_offset: int
    is_last: bool
    offset_of: Callable[[int], int]
