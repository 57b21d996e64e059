"""A mapper that processes entries before it maps them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec import MsgspecError, ValidationError
from msgspec.json import Decoder

from ingestor.model.columns import SEVERITY_POSITION
from ingestor.model.rows import (
    Drop,
    EditedEntry,
    Entity,
    Mapped,
    Mapper,
    Rejection,
    RowOrigin,
    TextEntryMapper,
)
from ingestor.processors.conditions import DropWhen
from ingestor.processors.fields import EntryFields, copied
from ingestor.processors.processor import EntryContext, Processor
from ingestor.processors.sampling import SAMPLED_OUT, Sample

_REASON_CHARACTERS = 300
_decode = Decoder(dict[str, Any]).decode


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
        self._entries: _Entries = (
            _TextEntries(mapper) if isinstance(mapper, TextEntryMapper) else _JsonEntries(mapper)
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
            return changed
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


class _Entries(Protocol):
    """How a format's entries are read as fields, and written again."""

    def fields_of(self, text: Entity, context: object, /) -> EntryFields | None:
        """None: there are none to be read."""
        ...

    def row_from(
        self, changed: EntryFields, fields: EntryFields, text: Entity, ordinal: int, context: object, /
    ) -> Mapped: ...


@dataclass(frozen=True, slots=True)
class _JsonEntries:
    mapper: Mapper

    def fields_of(self, text: Entity, _context: object, /) -> EntryFields | None:
        try:
            return _decode(text)
        except ValidationError:
            return _with_numbers_beyond(text)
        except (MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    def row_from(
        self, changed: EntryFields, fields: EntryFields, text: Entity, ordinal: int, context: object, /
    ) -> Mapped:
        """The very same text where nothing changed: `raw_data` then holds the entry's own bytes."""
        if _are_the_same(changed, fields):
            return self.mapper.row_of(text, ordinal, context)
        return self.mapper.row_of(_encoded(changed).encode(), ordinal, context)


def _with_numbers_beyond(text: Entity) -> EntryFields | None:
    """1e400 is a number in JSON, and none for msgspec."""
    try:
        fields = json.loads(bytes(text))
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


@dataclass(frozen=True, slots=True)
class _TextEntries:
    mapper: TextEntryMapper

    def fields_of(self, text: Entity, context: object, /) -> EntryFields | None:
        fields = self.mapper.fields_of(text, context)
        return None if isinstance(fields, Rejection) else fields

    def row_from(
        self, changed: EntryFields, fields: EntryFields, text: Entity, ordinal: int, context: object, /
    ) -> Mapped:
        if _are_the_same(changed, fields):
            return self.mapper.row_of(text, ordinal, context)
        edited = EditedEntry(changed, fields, str(text, "utf-8"))
        try:
            return self.mapper.row_from(edited, ordinal, context)
        except Exception as error:  # noqa: BLE001 - a format knows its own fields, not what a processor made of them
            return Rejection(f"what the processors made of it is no row: {type(error).__name__}")


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
    text = _encoded(result)
    if "\\u0000" in text and _holds_nul(result):
        raise ValueError("it returned a string with NUL, which PostgreSQL refuses")
    text.encode()


def _are_the_same(changed: EntryFields, fields: EntryFields) -> bool:
    """To ==, 1, 1.0 and True are the same: what is equal is compared as text."""
    return changed == fields and _encoded(changed) == _encoded(fields, allow_nan=True)


def _encoded(entry: dict[str, Any], *, allow_nan: bool = False) -> str:
    return json.dumps(entry, ensure_ascii=False, allow_nan=allow_nan, separators=(",", ":"))


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
