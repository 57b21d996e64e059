"""How the entries of a format are read as fields, and how changed fields become a row."""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec import MsgspecError, ValidationError
from msgspec.json import Decoder

from ingestor.model.rows import EditedEntry, Entity, Mapped, Mapper, Rejection, TextEntryMapper
from ingestor.processors.fields import EntryFields

_decode = Decoder(dict[str, Any]).decode


class EntryAccess(Protocol):
    """How a format's entries are read as fields, and written again."""

    def fields_of(self, text: Entity, context: object, /) -> EntryFields | None:
        """None: there are none to be read."""
        ...

    def row_from(
        self, changed: EntryFields, fields: EntryFields, text: Entity, ordinal: int, context: object, /
    ) -> Mapped: ...


@dataclass(frozen=True, slots=True)
class JsonEntries:
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
        return self.mapper.row_of(encoded(changed).encode(), ordinal, context)


def _with_numbers_beyond(text: Entity) -> EntryFields | None:
    """1e400 is a number in JSON, and none for msgspec."""
    try:
        fields = json.loads(bytes(text))
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


@dataclass(frozen=True, slots=True)
class TextEntries:
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


def _are_the_same(changed: EntryFields, fields: EntryFields) -> bool:
    """To ==, 1, 1.0 and True are the same: what is equal is compared as text."""
    return changed == fields and encoded(changed) == encoded(fields, allow_nan=True)


def encoded(entry: dict[str, Any], *, allow_nan: bool = False) -> str:
    return json.dumps(entry, ensure_ascii=False, allow_nan=allow_nan, separators=(",", ":"))
