"""Fields that fill no column, by how often they occur.

Whether a field fills a column isn't asked of a format's names, but tried: without the field, is the row another one? So
it is right for every format, and for columns that are worked out from several fields. It is tried once for each set of
fields that entries have.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import reduce

from ingestor.formats import Format
from ingestor.formats.mapping import Fields
from ingestor.model.columns import COLUMNS
from ingestor.model.rows import EditedEntry, Entity, Mapped, Rejection, RowOrigin, TextEntryMapper
from ingestor.routing.processed_format import ProcessedFormat

type FieldPath = tuple[str, ...]

MOST_LOOKED_AT = 100_000
_DEEPEST = 4
_MOST_SHAPES = 200
_MOST_FIELDS = 200
"""Of one entry. Who writes more names than that writes values as names."""

_LARGEST_SAMPLE = 64 * 1024

_NOT_OF_FIELDS = {"id", "file_id", "ordinal", "raw_data"}
_COMPARED = tuple(at for at, column in enumerate(COLUMNS) if column.name not in _NOT_OF_FIELDS)


@dataclass(frozen=True, slots=True)
class ReadableEntry:
    """The text that a mapper is given, and what its framing says of it."""

    text: Entity
    context: object = None


class UnmappedFields:
    """`counts` is by the field's path: how many entries have it, and nothing of it in a column.

    Only the first 100,000 entries are looked at. `seconds` is what that took: loading does without.
    `samples` has an entry for each. An entry without a time counts as well: its time may have another name.
    """

    def __init__(self, entry_format: Format, origin: RowOrigin) -> None:
        self.counts: Counter[FieldPath] = Counter()
        self.samples: dict[FieldPath, ReadableEntry] = {}
        self.looked_at = 0
        self.seconds = 0.0
        plain = entry_format.format if isinstance(entry_format, ProcessedFormat) else entry_format
        self._mapper = plain.mapper(replace(origin, fallback_time=0))
        self._of_shape: dict[frozenset[FieldPath], tuple[FieldPath, ...]] = {}

    def add(self, entry: ReadableEntry) -> None:
        if self.looked_at >= MOST_LOOKED_AT:
            return
        began = time.perf_counter()
        self.looked_at += 1
        self._add(entry)
        self.seconds += time.perf_counter() - began

    def column_before(self, entry: ReadableEntry, position: int) -> object:
        """What the column has now; None in `timestamp` of an entry without a time."""
        row = self._mapper.row_of(entry.text, 0, entry.context)
        return (row[position] or None) if isinstance(row, tuple) else None

    def _add(self, entry: ReadableEntry) -> None:
        fields = self._fields_of(entry.text, entry.context)
        if fields is None:
            return
        paths = list(_paths(fields))[:_MOST_FIELDS]
        shape = frozenset(paths)
        unmapped = self._of_shape.get(shape)
        if unmapped is None:
            if len(self._of_shape) >= _MOST_SHAPES:
                return
            unmapped = self._of_shape[shape] = tuple(self._without_column(fields, paths, entry))
            if len(entry.text) <= _LARGEST_SAMPLE:
                # The bytes alone: what was read with them may go.
                entry = ReadableEntry(bytes(entry.text), entry.context)
                self.samples |= {path: entry for path in unmapped if path not in self.samples}
        self.counts.update(unmapped)

    def _fields_of(self, text: Entity, context: object) -> Fields | None:
        if isinstance(self._mapper, TextEntryMapper):
            fields = self._mapper.fields_of(text, context)
            return None if isinstance(fields, Rejection) else fields
        try:
            read = json.loads(bytes(text))
        except (ValueError, RecursionError):
            return None
        return read if isinstance(read, dict) else None

    def _without_column(
        self, fields: Fields, paths: list[FieldPath], entry: ReadableEntry
    ) -> Iterator[FieldPath]:
        whole = self._columns(fields, entry)
        spare = [path for path in paths if self._columns(_without(fields, path), entry) == whole]
        # Of two fields that say the same, each can be spared while the other is there: alone, it fills the column.
        bare = reduce(_without, spare, fields)
        without_any = self._columns(bare, entry)
        for path in spare:
            others = (each for each in spare if each != path)
            if self._columns(reduce(_without, others, fields), entry) == without_any:
                yield path

    def _columns(self, edited: Fields, entry: ReadableEntry) -> list[object] | None:
        mapped = self._mapped(deepcopy(edited), entry)
        return [mapped[at] for at in _COMPARED] if isinstance(mapped, tuple) else None

    def _mapped(self, edited: Fields, entry: ReadableEntry) -> Mapped:
        if not isinstance(self._mapper, TextEntryMapper):
            return self._mapper.row_of(json.dumps(edited).encode(), 0, entry.context)
        original = self._mapper.fields_of(entry.text, entry.context)
        if isinstance(original, Rejection):
            return original
        text = bytes(entry.text).decode(errors="replace")
        return self._mapper.row_from(EditedEntry(edited, original, text), 0, entry.context)


def _paths(fields: Fields, before: FieldPath = ()) -> Iterator[FieldPath]:
    """Of every value that is there; an object's fields, not the object."""
    for name, value in fields.items():
        if isinstance(value, dict) and value and len(before) < _DEEPEST - 1:
            yield from _paths(value, (*before, name))
        elif value is not None and value not in ("", {}, []):
            yield (*before, name)


def _without(fields: Fields, path: FieldPath) -> Fields:
    name, *rest = path
    if not rest:
        return {each: value for each, value in fields.items() if each != name}
    return fields | {name: _without(fields[name], tuple(rest))}
