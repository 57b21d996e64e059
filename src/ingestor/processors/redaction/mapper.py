"""Mappers that redact each entry before they map it: of JSON its bytes, of text its fields and its line."""

import json
from collections.abc import Callable, Iterable, Sequence
from string import ascii_letters, digits
from typing import Any, cast
from urllib.parse import quote, quote_plus

from msgspec import Raw

from ingestor.model.entry import Batch, Value
from ingestor.model.rows import EditedEntry, Entity, Mapped, Mapper, Rejection, TextEntryMapper
from ingestor.processors.redaction.json_entry import JsonRedaction
from ingestor.processors.redaction.options import Redaction
from ingestor.processors.redaction.values import REDACTED

_BLOCK = 128
"""As many entries are looked at together: their bytes fit into the processor's cache."""

_RAW_ALONE = {Raw}

_SHORTEST_SURE = 4
"""A shorter value is found in many places of a line that are none of its own."""

_SHAPE = bytes.maketrans(
    (ascii_letters + digits).encode() + bytes(range(128, 256)),
    b"x" * len(ascii_letters) + b"0" * len(digits) + b"x" * 128,
)
"""Letters and digits, whatever they say, to two of them."""


def redacting(mapper: Mapper, redaction: Redaction) -> Mapper:
    if isinstance(mapper, TextEntryMapper):
        return RedactingTextMapper(mapper, redaction.of_json)
    return RedactingJsonMapper(mapper, redaction.of_json)


class RedactingJsonMapper:
    """A `Mapper` of JSON around another one."""

    __slots__ = ("_around", "_context", "_mapper", "_redaction")

    def __init__(self, mapper: Mapper, redaction: JsonRedaction) -> None:
        self._mapper = mapper
        self._redaction = redaction
        self._context: object = None
        self._around: tuple[Any, ...] = ()

    @property
    def unknown_fields(self) -> int:
        return self._mapper.unknown_fields

    def redacted(self, raw: bytes, /) -> bytes:
        return self._redaction.rejected(self._mapper.redacted(raw))

    def row_of(self, text: Entity, ordinal: int, context: object = None, /) -> Mapped:
        given = bytes(text)
        redacted = self._redaction.entry(given)
        return self._mapper.row_of(
            text if redacted is given else redacted, ordinal, self._redacted_context(context)
        )

    def _redacted_context(self, context: object) -> object:
        """What stands around an entry is attached to it. The same for all entries of one object, so it is kept."""
        if not isinstance(context, tuple):
            return context
        if self._context is not context:
            redactor = self._redaction.redactor()
            self._context, self._around = context, tuple(redactor.cleaned(each) for each in context)
        return self._around

    def of_batch(self, batch: Batch, /) -> Callable[..., Mapped]:
        """The format's own `row_of`, where no entry of the batch holds anything to redact."""
        texts = None if self._redaction.patterns else self._redacted_texts(batch.values)
        if texts is None:
            return self.row_of if self._redaction.patterns else self._mapper.row_of
        first, row_of, redact_and_map = batch.first_ordinal, self._mapper.row_of, self.row_of

        def row_of_redacted(text: Entity, ordinal: int, context: object = None) -> Mapped:
            redacted = texts[ordinal - first]
            if redacted is None:
                return redact_and_map(text, ordinal, context)
            return row_of(redacted, ordinal, context)

        return row_of_redacted

    def _redacted_texts(self, values: Sequence[Value]) -> list[Entity | None] | None:
        """For each entry what is to be mapped; None where that isn't known yet. None for all: there is nothing."""
        texts: list[Entity | None] = []
        has_any = False
        for start in range(0, len(values), _BLOCK):
            block = values[start : start + _BLOCK]
            if set(map(type, block)) == _RAW_ALONE:
                raw = cast("Sequence[Raw]", block)
                redacted = self._redaction.block(raw)
                texts += raw if redacted is None else redacted
            else:
                redacted = [None] * len(block)
                texts += redacted
            has_any = has_any or redacted is not None
        return texts if has_any else None


class RedactingTextMapper:
    """A `TextEntryMapper` around another one."""

    __slots__ = ("_mapper", "_redaction")

    def __init__(self, mapper: TextEntryMapper, redaction: JsonRedaction) -> None:
        self._mapper = mapper
        self._redaction = redaction

    @property
    def unknown_fields(self) -> int:
        return self._mapper.unknown_fields

    def redacted(self, raw: bytes, /) -> bytes:
        """A line that can't be parsed shows its shape alone where fields are meant by name."""
        line = raw.decode("utf-8", "replace")
        fields = self._mapper.fields_of(line.encode())
        if isinstance(fields, Rejection):
            in_text = self._redaction.malformed(self._mapper.redacted(raw))
            return in_text if self._redaction.names.is_empty else in_text.translate(_SHAPE)
        message = self._redacted(EditedEntry(fields, fields, line)).text
        return raw if message == line else message.encode()

    def row_of(self, text: Entity, ordinal: int, context: object = None, /) -> Mapped:
        fields = self._mapper.fields_of(text, context)
        if isinstance(fields, Rejection):
            return _quoting_nothing(fields, self._redaction)
        line = str(text, "utf-8")
        redacted = self._redacted(EditedEntry(fields, fields, line))
        if redacted.fields == fields and redacted.text == line:
            return self._mapper.row_of(text, ordinal, context)
        return self._mapper.row_from(redacted, ordinal, context)

    def fields_of(self, text: Entity, context: object = None, /) -> dict[str, Any] | Rejection:
        return self._mapper.fields_of(text, context)

    def row_from(self, entry: EditedEntry, ordinal: int, context: object = None, /) -> Mapped:
        return self._mapper.row_from(self._redacted(entry), ordinal, context)

    def _redacted(self, entry: EditedEntry) -> EditedEntry:
        redactor = self._redaction.redactor()
        original = redactor.cleaned(entry.original)
        fields = original if entry.fields is entry.original else redactor.cleaned(entry.fields)
        line = self._redaction.text(_without_values(redactor.removed, entry.text))
        known = self._redaction.text(entry.text) if line == REDACTED else line
        if known != entry.text:
            fields, original = (_left(each, entry.text, known) for each in (fields, original))
        return EditedEntry(fields, original, line)


def _left(fields: dict[str, Any], line: str, redacted: str) -> dict[str, Any]:
    """Without what the line has lost. In `authorization=Bearer abc` a parser may find `abc` to be another field."""

    def is_lost(text: object) -> bool:
        return isinstance(text, str) and len(text) >= _SHORTEST_SURE and text in line and text not in redacted

    return {
        name: REDACTED if is_lost(value) else value for name, value in fields.items() if not is_lost(name)
    }


def _without_values(values: Iterable[str], line: str) -> str:
    """The whole line is replaced where a value isn't found in it for certain, as it stands or encoded."""
    for value in sorted(set(values), key=len, reverse=True):
        written = [
            each for each in (value, quote(value), quote_plus(value), json.dumps(value)[1:-1]) if each in line
        ]
        if len(value) < _SHORTEST_SURE or not written:
            return REDACTED
        for each in written:
            line = line.replace(each, REDACTED)
    return line


def _quoting_nothing(mapped: Mapped, redaction: JsonRedaction) -> Mapped:
    return Rejection(redaction.text(mapped.reason)) if isinstance(mapped, Rejection) else mapped
