"""What became of a file's entries, in memory that doesn't grow with them."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from msgspec import Raw

from ingestor.model.columns import TIMESTAMP_POSITION, Row
from ingestor.model.entry import RAW_LIMIT, Batch, InContext, Malformed, Repaired, Value
from ingestor.model.rows import Drop, Mapped, Mapper, Rejection
from ingestor.tryout.unmapped import ReadableEntry, UnmappedFields

SHOWN_ROWS = 10
SHOWN_ENTRIES = 5
"""So many of those that are rejected, and of those that are dropped."""

_MOST_REASONS = 100
_KEPT_BYTES = 200
_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class LostEntry:
    """An entry that would be no row of `logs`. `content` is its beginning, redacted as it would be in the database."""

    ordinal: int
    byte_offset: int
    reason: str
    content: bytes


@dataclass(slots=True)
class LostEntries:
    """`reasons` counts by reason; reasons that differ in numbers alone are one, told by its first."""

    count: int = 0
    first: list[LostEntry] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    _names: dict[str, str] = field(default_factory=dict)

    def add(self, reason: str, entry: Callable[[], LostEntry]) -> None:
        self.count += 1
        if len(self.first) < SHOWN_ENTRIES:
            self.first.append(entry())
        kind = _NUMBER.sub("0", reason)
        if kind not in self._names and len(self._names) >= _MOST_REASONS:
            kind = "other reasons"
        self.reasons[self._names.setdefault(kind, reason if kind != "other reasons" else kind)] += 1


@dataclass(slots=True)
class Tally:
    """`first_log` and `last_log` are microseconds since 2000-01-01 UTC."""

    entries: int = 0
    rows: int = 0
    repaired: int = 0
    unknown_fields: int = 0
    rejected: LostEntries = field(default_factory=LostEntries)
    dropped: LostEntries = field(default_factory=LostEntries)
    first_rows: list[Row] = field(default_factory=list)
    first_log: int | None = None
    last_log: int | None = None

    def add(self, batch: Batch, mapper: Mapper, unmapped: UnmappedFields) -> None:
        for index, value in enumerate(batch.values):
            self.entries += 1
            self.repaired += isinstance(value, Repaired)
            mapped = mapped_value(value, mapper, batch.first_ordinal + index)
            if isinstance(mapped, tuple):
                self._add_row(mapped)
            else:
                self._lost(mapped).add(
                    mapped.reason, partial(_lost_entry, batch, index, mapped.reason, mapper)
                )
            if not isinstance(mapped, Drop) and not isinstance(value, Malformed):
                unmapped.add(readable(value))
        self.unknown_fields = mapper.unknown_fields

    def _add_row(self, row: Row) -> None:
        self.rows += 1
        if len(self.first_rows) < SHOWN_ROWS:
            self.first_rows.append(row)
        timestamp: int = row[TIMESTAMP_POSITION]
        self.first_log = timestamp if self.first_log is None else min(self.first_log, timestamp)
        self.last_log = timestamp if self.last_log is None else max(self.last_log, timestamp)

    def _lost(self, mapped: Rejection | Drop) -> LostEntries:
        return self.dropped if isinstance(mapped, Drop) else self.rejected


def mapped_value(value: Value, mapper: Mapper, ordinal: int) -> Mapped:
    """What an entry of a batch becomes."""
    if isinstance(value, Malformed):
        return Rejection(value.reason)
    entry = readable(value)
    return mapper.row_of(entry.text, ordinal, entry.context)


def readable(value: Raw | InContext | Repaired) -> ReadableEntry:
    return ReadableEntry(value) if isinstance(value, Raw) else ReadableEntry(value.text, value.context)


def _lost_entry(batch: Batch, index: int, reason: str, mapper: Mapper) -> LostEntry:
    """Its content is cut before it is redacted, as it is where it is stored."""
    value = batch.values[index]
    if isinstance(value, Malformed):
        raw, offset = value.raw, value.offset
    else:
        raw, offset = bytes(readable(value).text), batch.offset_of(index)
    content = mapper.redacted(raw[:RAW_LIMIT])[:_KEPT_BYTES]
    return LostEntry(batch.first_ordinal + index, offset, reason, content)
