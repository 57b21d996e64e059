"""What became of a span of entries, before the exceptional ones are written down."""

from collections.abc import Buffer, Iterable
from dataclasses import dataclass, field
from itertools import chain

from msgspec import Raw

from ingestor.model.entry import RAW_LIMIT, Batch, InContext, Malformed, Repaired
from ingestor.model.rows import LossCounts, Mapper

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
class SpanOutcome:
    """`first` and `last` are microseconds since 2000-01-01 UTC, None if there are no rows.

    `losses` counts why entries are no rows.
    """

    rows: int = 0
    first: int | None = None
    last: int | None = None
    rejected: list[Rejected] = field(default_factory=list)
    originals: list[Original] = field(default_factory=list)
    losses: LossCounts = field(default_factory=LossCounts)
    unknown_fields: int = 0


def combined(outcomes: Iterable[SpanOutcome]) -> SpanOutcome:
    parts = list(outcomes)
    return SpanOutcome(
        rows=sum(part.rows for part in parts),
        first=min((part.first for part in parts if part.first is not None), default=None),
        last=max((part.last for part in parts if part.last is not None), default=None),
        rejected=list(chain.from_iterable(part.rejected for part in parts)),
        originals=list(chain.from_iterable(part.originals for part in parts)),
        losses=sum((part.losses for part in parts), LossCounts()),
        unknown_fields=sum(part.unknown_fields for part in parts),
    )


def rejected(batch: Batch, index: int, reason: str, mapper: Mapper) -> Rejected:
    """The entry at `index` of the batch, as it stands in the file but for what `mapper` redacts."""
    value = batch.values[index]
    ordinal = batch.first_ordinal + index
    if isinstance(value, Malformed):
        raw = mapper.redacted(value.raw[:RAW_LIMIT])
        return Rejected(ordinal, value.offset, value.length, _storable(reason), raw)
    with memoryview(_as_it_stands(value)) as whole:
        # Redacted before it is cut: of half an entry nobody can tell where a secret ends.
        raw = mapper.redacted(bytes(whole))[:RAW_LIMIT]
        return Rejected(ordinal, batch.offset_of(index), len(whole), _storable(reason), raw)


def _as_it_stands(value: Raw | InContext | Repaired) -> Buffer:
    match value:
        case Repaired():
            return value.original
        case InContext():
            return value.text
        case Raw():
            return value


def _storable(reason: str) -> str:
    """Text that Postgres takes whatever bytes of the file the reason quotes."""
    cut = reason[:_REASON_CHARACTERS].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return cut.encode("utf-8", "replace").decode("utf-8")
