"""A mapper that processes entries before it maps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingestor.model.columns import SEVERITY_POSITION
from ingestor.model.rows import (
    Drop,
    Entity,
    Mapped,
    Mapper,
    Rejection,
    RowOrigin,
    TextEntryMapper,
)
from ingestor.processors.conditions import DropWhen
from ingestor.processors.entries import EntryAccess, JsonEntries, TextEntries, encoded
from ingestor.processors.fields import EntryFields, copied
from ingestor.processors.processor import EntryContext, Processor
from ingestor.processors.sampling import SAMPLED_OUT, Sample

_REASON_CHARACTERS = 300
_SHORTEST_QUOTE = 4


@dataclass(frozen=True, slots=True)
class Steps:
    """What is done to an entry, in this order."""

    drops: tuple[DropWhen, ...] = ()
    sample: Sample | None = None
    changes: tuple[Processor, ...] = ()


class ProcessingMapper:
    """A `Mapper` around another one. The same entry gives the same row, so its id stays that of its ordinal."""

    __slots__ = ("_changes", "_drops", "_entries", "_levels", "_mapper", "_origin", "_sampling")

    def __init__(self, mapper: Mapper, steps: Steps, origin: RowOrigin, *, levels: Mapper) -> None:
        """`levels` is another mapper of the same format: what sampling asks it counts for nothing."""
        self._mapper = mapper
        self._levels = levels
        self._entries: EntryAccess = (
            TextEntries(mapper) if isinstance(mapper, TextEntryMapper) else JsonEntries(mapper)
        )
        self._drops = steps.drops
        self._sampling = None if steps.sample is None else steps.sample.of(origin)
        self._changes = steps.changes
        self._origin = origin

    @property
    def unknown_fields(self) -> int:
        return self._mapper.unknown_fields

    def redacted(self, raw: bytes, /) -> bytes:
        return self._mapper.redacted(raw)

    def row_of(self, text: Entity, ordinal: int, context: object = None, /) -> Mapped:
        """What no processor can read, the format's own mapper rejects, with its reason."""
        fields = self._entries.fields_of(text, context)
        if fields is None:
            return self._mapper.row_of(text, ordinal, context)
        entry_context = EntryContext(self._origin.bucket, self._origin.key, ordinal)
        for drop in self._drops:
            if drop.holds(fields):
                return Drop(drop.reason)
        if self._is_sampled_out(text, ordinal, context):
            return Drop(SAMPLED_OUT)
        changed = _tried(fields, self._changes, entry_context)
        if isinstance(changed, _Failure):
            return self._rejected(changed, text)
        if isinstance(changed, Drop):
            return self._dropped(changed, text)
        if changed is fields:
            return self._mapper.row_of(text, ordinal, context)
        return self._entries.row_from(changed, fields, text, ordinal, context)

    def _rejected(self, failure: "_Failure", text: Entity) -> Rejection:
        """An exception may quote the entry: where that holds what is redacted, its text is left out."""
        given = bytes(text)
        if self._mapper.redacted(given) != given:
            left_out = f"{failure.kind} (its text is left out, because the entry holds what is redacted)"
            return Rejection(left_out, failure.kind)
        return failure.rejection

    def _dropped(self, drop: Drop, text: Entity) -> Drop:
        """A reason is counted and logged: one that quotes what is redacted is left out."""
        given = bytes(text)
        redacted = self._mapper.redacted(given)
        if redacted == given:
            return drop
        words = (word.encode("utf-8", "replace") for word in drop.reason.split())
        quotes = any(
            len(word) >= _SHORTEST_QUOTE and word in given and word not in redacted for word in words
        )
        return Drop("(left out, because it quotes what is redacted)") if quotes else drop

    def _is_sampled_out(self, text: Entity, ordinal: int, context: object) -> bool:
        sampling = self._sampling
        if sampling is None or sampling.keeps(ordinal):
            return False
        if sampling.always_from is None:
            return True
        row = self._levels.row_of(text, ordinal, context)
        if isinstance(row, Rejection | Drop):
            return False
        severity = row[SEVERITY_POSITION]
        return severity is None or severity < sampling.always_from


@dataclass(frozen=True, slots=True)
class _Failure:
    processor: str
    error: Exception

    @property
    def kind(self) -> str:
        return f"processor {self.processor}: {type(self.error).__name__}"

    @property
    def rejection(self) -> Rejection:
        return Rejection(f"{self.kind}: {self.error}"[:_REASON_CHARACTERS], self.kind)


def processed(
    fields: EntryFields, processors: Sequence[Processor], context: EntryContext
) -> EntryFields | Rejection | Drop:
    """What becomes of one entry, without a format around it."""
    outcome = _tried(fields, processors, context)
    return outcome.rejection if isinstance(outcome, _Failure) else outcome


def _tried(
    fields: EntryFields, processors: Sequence[Processor], context: EntryContext
) -> "EntryFields | _Failure | Drop":
    """`fields` itself where no processor wanted anything else; it is never changed in place."""
    processed = fields
    for processor in processors:
        try:
            result = processor.process(copied(processed), context)
            if isinstance(result, Drop):
                return result
            if result is not None:
                _check(result)
                processed = result
        except Exception as error:  # noqa: BLE001 - whatever a processor raises is this entry's fate alone
            return _Failure(processor.name, error)
    return processed


def _check(result: object) -> None:
    """Raises what is wrong with it."""
    if not isinstance(result, dict):
        raise TypeError(f"it returned {type(result).__name__}, not an entry, a Drop or None")
    text = encoded(result)
    if "\\u0000" in text and _holds_nul(result):
        raise ValueError("it returned a string with NUL, which PostgreSQL refuses")
    text.encode()


def _holds_nul(entry: dict[str, Any]) -> bool:
    pending: list[object] = [entry]
    while pending:
        value = pending.pop()
        match value:
            case str():
                if "\0" in value:
                    return True
            case dict():
                pending += [*value.keys(), *value.values()]
            case list() | tuple():
                pending += value
            case _:
                pass
    return False
