"""A mapper that processes entries before it maps them. Entries are JSON objects, for now."""

import json
from collections.abc import Sequence
from typing import Any

from ingestor.model.rows import Drop, Entity, Mapped, Mapper, Rejection, RowOrigin
from ingestor.processors.processor import EntryContext, Processor

_REASON_CHARACTERS = 300


class ProcessingMapper:
    """A `Mapper` around another one. The same entry gives the same row, so its id stays that of its ordinal."""

    __slots__ = ("_mapper", "_origin", "_processors")

    def __init__(self, mapper: Mapper, processors: Sequence[Processor], origin: RowOrigin) -> None:
        self._mapper = mapper
        self._processors = tuple(processors)
        self._origin = origin

    @property
    def unknown_fields(self) -> int:
        return self._mapper.unknown_fields

    def redacted(self, raw: bytes, /) -> bytes:
        return self._mapper.redacted(raw)

    def row_of(self, text: Entity, ordinal: int, context: object = None, /) -> Mapped:
        """What no processor can read, the format's own mapper rejects, with its reason."""
        if not _is_object(text):
            return self._mapper.row_of(text, ordinal, context)
        entry_context = EntryContext(self._origin.bucket, self._origin.key, ordinal)
        processed = text
        for processor in self._processors:
            try:
                outcome = _processed(processed, processor, entry_context)
            except Exception as error:  # noqa: BLE001 - whatever a processor raises is this entry's fate alone
                return Rejection(_why(processor, error))
            if isinstance(outcome, Drop):
                return outcome
            processed = outcome
        return self._mapper.row_of(processed, ordinal, context)


def _is_object(text: Entity) -> bool:
    try:
        return isinstance(json.loads(bytes(text)), dict)
    except (ValueError, RecursionError):
        return False


def _processed(text: Entity, processor: Processor, context: EntryContext) -> Entity | Drop:
    """The very same text where nothing changed: `raw_data` then holds the entry's own bytes."""
    result = processor.process(json.loads(bytes(text)), context)
    if result is None:
        return text
    if isinstance(result, Drop):
        return result
    if not isinstance(result, dict):
        raise TypeError(f"it returned {type(result).__name__}, not an entry, a Drop or None")
    if _holds_nul(result):
        raise ValueError("it returned a string with NUL, which PostgreSQL refuses")
    encoded = _encoded(result)
    return text if encoded == _encoded(json.loads(bytes(text))) else encoded.encode()


def _encoded(entry: dict[str, Any]) -> str:
    # Compared as text: to ==, 1, 1.0 and True are the same.
    return json.dumps(entry, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


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


def _why(processor: Processor, error: Exception) -> str:
    return f"processor {processor.name}: {type(error).__name__}: {error}"[:_REASON_CHARACTERS]
