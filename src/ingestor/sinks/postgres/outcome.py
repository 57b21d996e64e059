"""What became of a span of entries, before the exceptional ones are written down."""

from collections.abc import Buffer, Iterable
from dataclasses import dataclass, field
from itertools import chain

from msgspec import Raw

from ingestor.model.entry import RAW_LIMIT, Batch, Malformed, Repaired

_REASON_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row of `rejected_entries`; `raw` is already cut."""

    ordinal: int
    byte_offset: int
    byte_length: int
    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Original:
    """A row of `raw_originals`."""

    ordinal: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """`first` and `last` are microseconds since 2000-01-01 UTC; None if there are no rows."""

    rows: int = 0
    first: int | None = None
    last: int | None = None
    rejected: list[Rejected] = field(default_factory=list)
    originals: list[Original] = field(default_factory=list)


def combined(outcomes: Iterable[Outcome]) -> Outcome:
    parts = list(outcomes)
    return Outcome(
        rows=sum(part.rows for part in parts),
        first=min((part.first for part in parts if part.first is not None), default=None),
        last=max((part.last for part in parts if part.last is not None), default=None),
        rejected=list(chain.from_iterable(part.rejected for part in parts)),
        originals=list(chain.from_iterable(part.originals for part in parts)),
    )


def rejected(batch: Batch, index: int, reason: str) -> Rejected:
    """The entry at `index` of the batch, as it stands in the file."""
    value = batch.values[index]
    ordinal = batch.first_ordinal + index
    if isinstance(value, Malformed):
        return Rejected(ordinal, value.offset, value.length, _storable(reason), value.raw[:RAW_LIMIT])
    with memoryview(_as_it_stands(value)) as raw:
        return Rejected(ordinal, batch.offset_of(index), len(raw), _storable(reason), bytes(raw[:RAW_LIMIT]))


def _as_it_stands(value: Raw | Repaired) -> Buffer:
    return value.original if isinstance(value, Repaired) else value


def _storable(reason: str) -> str:
    """Text that Postgres takes whatever bytes of the file the reason quotes."""
    cut = reason[:_REASON_CHARACTERS].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return cut.encode("utf-8", "replace").decode("utf-8")
