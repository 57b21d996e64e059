"""Formats whose entries are text: a framing, a parser and a mapping make one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from msgspec.json import Decoder

from ingestor.formats import Position
from ingestor.formats.framing import Framing, framed_batches
from ingestor.formats.framing.lines import Lines
from ingestor.formats.limits import Limits
from ingestor.formats.mapping import FieldMapping, Fields, RowBuilder, as_json
from ingestor.formats.mapping.positions import EXTRA
from ingestor.model.entry import Batch
from ingestor.model.rows import EditedEntry, Entity, Mapped, Rejection, RowOrigin

type Parse = Callable[[str, object], Fields | Rejection]
"""An entry's text, and its context, to its fields. Raises nothing, whatever the text; linear in its length.

Fields beyond those that the format's documentation names are under EXTRA, as a list or an object of their own.
"""

type Derive = Callable[[Fields, object], None]
"""Adds to an entry's fields, given its context, what columns are made of and `raw_data` need not repeat.

Raises nothing; linear in the entry's length as well.
"""

_as_in_json = Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A `Format`. `raw_data` is an entry's fields as a JSON object.

    The mapping finds the complete text of the entry under `whole`, beside the fields.
    """

    name: str
    parse: Parse
    mapping: FieldMapping
    framing: Callable[[Limits], Framing] = field(default=Lines)
    derive: Derive | None = None
    whole: str = "message"

    def batches(
        self,
        pieces: Iterator[bytes],
        limits: Limits,
        start: Position,
        time_is_up: Callable[[], bool],
        /,
    ) -> Iterator[Batch]:
        return framed_batches(pieces, self.framing(limits), limits, start=start, time_is_up=time_is_up)

    def mapper(self, origin: RowOrigin, /) -> "TextMapper":
        return TextMapper(self, origin)


class TextMapper:
    """A `Mapper`."""

    __slots__ = ("_builder", "_derive", "_parse", "_whole", "unknown_fields")

    def __init__(self, text_format: TextFormat, origin: RowOrigin) -> None:
        self._parse = text_format.parse
        self._whole = text_format.whole
        self._derive = text_format.derive
        self._builder = RowBuilder(text_format.mapping, origin)
        self.unknown_fields = 0

    def redacted(self, raw: bytes, /) -> bytes:
        return raw

    def row_of(self, text: Entity, ordinal: int, context: object = None, /) -> Mapped:
        line = str(text, "utf-8")
        fields = self._parse(line, context)
        return fields if isinstance(fields, Rejection) else self._row(fields, line, ordinal, context)

    def fields_of(self, text: Entity, context: object = None, /) -> Fields | Rejection:
        fields = self._parse(str(text, "utf-8"), context)
        # As `raw_data` has them: a datetime is text, and no text holds NUL.
        return fields if isinstance(fields, Rejection) else _as_in_json(as_json(fields))

    def row_from(self, entry: EditedEntry, ordinal: int, context: object = None, /) -> Mapped:
        given = entry.fields.get("message")
        is_given = isinstance(given, str) and given != entry.original.get("message")
        message = str(given) if is_given else entry.text
        try:
            return self._row(dict(entry.fields), message, ordinal, context)
        except (TypeError, ValueError, AttributeError, LookupError) as error:
            # A rule may give a field any type; what columns are made of was written for those of the format.
            return Rejection(f"a changed field is of a type that the format never has: {error}")

    def _row(self, fields: Fields, message: str, ordinal: int, context: object) -> Mapped:
        if EXTRA in fields:
            self.unknown_fields += 1
        raw_data = as_json(fields)
        fields[self._whole] = message
        if self._derive is not None:
            self._derive(fields, context)
        row = self._builder.row(fields, raw_data, ordinal)
        return Rejection("no usable time") if row is None else row
