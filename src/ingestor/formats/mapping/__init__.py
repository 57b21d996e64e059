"""Fields to columns of `logs`: for each column an ordered list of where its value may stand.

A value whose type the column doesn't have is passed over, and the next place is asked. All fields are in `raw_data`.

    compiled, conversions   a mapping made into one function; a field's value to that of its column
    levels, times           what `level` says, and how severe that is; times as text formats write them
    http                    what access logs share: the request line, the level of a status, headers
    positional, positions   fields by their position in a line
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from ingestor.formats.mapping.compiled import ColumnPlaces, Fields, Place, compiled
from ingestor.formats.mapping.conversions import CONVERTERS, Convert, ReadTime, as_json, usual_time
from ingestor.model.columns import COLUMNS, Row
from ingestor.model.identity import Identities
from ingestor.model.rows import Entity, RowOrigin

__all__ = [
    "LEVEL", "POSITIONS", "SEVERITY", "TIMESTAMP", "ColumnMapping", "ColumnName", "FieldMapping", "Fields", "Place",
    "ReadTime", "RowBuilder", "as_json", "usual_time",
]  # fmt: skip

type ColumnName = Literal[
    "request_id", "trace_id", "timestamp", "level", "method", "url", "query", "headers", "params", "remote_address",
    "remote_port", "status_code", "context", "message", "hostname", "pid", "auth_user_id", "processing_time_ms",
    "cache_hit", "document_count", "last_updated",
]  # fmt: skip
"""The columns that an entry's fields fill; `severity` follows from `level`."""

POSITIONS = {str(column.name): position for position, column in enumerate(COLUMNS)}
"""Where each column stands in a row."""
TIMESTAMP, LEVEL, SEVERITY = (POSITIONS[name] for name in ("timestamp", "level", "severity"))
_ID, _FILE_ID, _ORDINAL, _RAW_DATA = (POSITIONS[name] for name in ("id", "file_id", "ordinal", "raw_data"))


class FieldMapping:
    """Made once for a format: its places become one function."""

    def __init__(
        self, places: Mapping[ColumnName, tuple[Place, ...]], *, read_time: ReadTime = usual_time
    ) -> None:
        self.places = dict(places)
        self.read_time = read_time
        columns = [
            ColumnPlaces(POSITIONS[name], where, read_time if name == "timestamp" else _converter(name))
            for name, where in places.items()
            if name != "level" and where
        ]
        self.values = compiled(columns, tuple(places.get("level", ())), LEVEL, len(COLUMNS))
        """One for each of COLUMNS; id, file_id, ordinal and raw_data are the caller's to fill."""

    def preferring(self, places: Mapping[ColumnName, tuple[Place, ...]]) -> "FieldMapping":
        """The same, with these places looked at before its own."""
        names = [*self.places, *(name for name in places if name not in self.places)]
        both = {name: (*places.get(name, ()), *self.places.get(name, ())) for name in names}
        return FieldMapping(both, read_time=self.read_time)


class ColumnMapping(Protocol):
    def values(self, fields: Fields, /) -> list[Any]:
        """One for each of COLUMNS; id, file_id, ordinal and raw_data are the caller's to fill."""
        ...


class RowBuilder:
    """The rest of a row: whose it is and where it stands."""

    __slots__ = ("_fallback_time", "_file_id", "_mapping", "id_at")

    def __init__(self, mapping: ColumnMapping, origin: RowOrigin) -> None:
        self._mapping = mapping
        self._file_id = origin.file_id
        self.id_at = Identities(origin.bucket, origin.key, origin.object_version, origin.store).at
        self._fallback_time = origin.fallback_time

    def row(self, fields: Fields, raw_data: Entity, ordinal: int) -> Row | None:
        """None: the entry has no usable time."""
        return self.row_with(self._mapping.values(fields), raw_data, ordinal)

    def row_with(self, values: list[Any], raw_data: Entity, ordinal: int) -> Row | None:
        timestamp = values[TIMESTAMP]
        if timestamp is None:
            timestamp = values[TIMESTAMP] = self._fallback_time
            if timestamp is None:
                return None
        values[_ID] = self.id_at(ordinal, timestamp)
        values[_FILE_ID] = self._file_id
        values[_ORDINAL] = ordinal
        values[_RAW_DATA] = raw_data
        return tuple(values)


def _converter(column: ColumnName) -> Convert:
    return CONVERTERS[COLUMNS[POSITIONS[column]].postgres_type]
