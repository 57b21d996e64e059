"""Fields to columns of `logs`: for each column an ordered list of where its value may stand.

A value whose type the column doesn't have is passed over, and the next place is asked. All fields are in `raw_data`.
"""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Literal, NamedTuple, Protocol, cast

import msgspec

from ingestor.formats.levels import GivenLevel, level_of
from ingestor.formats.repair import repaired_escapes
from ingestor.model.columns import COLUMNS, Row
from ingestor.model.identity import Identities
from ingestor.model.instants import Instant, microseconds_of
from ingestor.model.rows import Entity, RowOrigin

type Fields = dict[str, Any]
"""What a parser finds in an entry, under the names of the format's documentation."""

type Place = str | Callable[[Fields], object]
"""The name of a field, or what is worked out from several."""

type ColumnName = Literal[
    "request_id", "trace_id", "timestamp", "level", "method", "url", "query", "headers", "params", "remote_address",
    "remote_port", "status_code", "context", "message", "hostname", "pid", "auth_user_id", "processing_time_ms",
    "cache_hit", "document_count", "last_updated",
]  # fmt: skip
"""The columns that an entry's fields fill; `severity` follows from `level`."""

type ReadTime = Callable[[object], int | None]
"""A field's value to microseconds since 2000-01-01 UTC; None: no time."""

type Convert = Callable[[Any], object]

POSITIONS = {str(column.name): position for position, column in enumerate(COLUMNS)}
"""Where each column stands in a row."""
TIMESTAMP, LEVEL, SEVERITY = (POSITIONS[name] for name in ("timestamp", "level", "severity"))
_ID, _FILE_ID, _ORDINAL, _RAW_DATA = (POSITIONS[name] for name in ("id", "file_id", "ordinal", "raw_data"))
_EMPTY: list[object] = [None] * len(COLUMNS)
_SHAPES_KEPT, _NAMES_KEPT, _SHAPE_LENGTH = 256, 64, 2048
_JSONB_VERSION = b"\x01"
_LONGEST_BIGINT = len(str(-(2**63)))
# `str | int | float` in a call of isinstance is made anew each time: as long as the rest of the call.
_SCALARS = (str, int, float)
_encode = msgspec.json.Encoder(enc_hook=str).encode


def usual_time(value: object) -> int | None:
    """A number by its magnitude, or ISO 8601, as everywhere."""
    return microseconds_of(cast("Instant", value)) if _is_scalar(value) else None


class _Step(NamedTuple):
    """One place of one column: the field called `name`, or else what `work_out` finds.

    A named tuple: a loop over a dozen of them for each entry unpacks it, and reads no attributes.
    """

    position: int
    name: str
    work_out: Callable[[Fields], object] | None
    convert: Convert


class FieldMapping:
    """Made once for a format; `rows` makes it fit one object version."""

    def __init__(
        self, places: Mapping[ColumnName, tuple[Place, ...]], *, read_time: ReadTime = usual_time
    ) -> None:
        self.places = dict(places)
        self.read_time = read_time
        wanted = [(column, place) for column, where in places.items() if column != "level" for place in where]
        self._steps = [_step(column, place, read_time) for column, place in wanted]
        self._steps_of_shape: dict[tuple[str, ...], list[_Step]] = {}
        self._level = [_step("level", place, read_time) for place in places.get("level", ())]

    def preferring(self, places: Mapping[ColumnName, tuple[Place, ...]]) -> "FieldMapping":
        """The same, with these places looked at before its own."""
        names = [*self.places, *(name for name in places if name not in self.places)]
        both = {name: (*places.get(name, ()), *self.places.get(name, ())) for name in names}
        return FieldMapping(both, read_time=self.read_time)

    def values(self, fields: Fields) -> list[Any]:
        """One for each of COLUMNS; id, file_id, ordinal and raw_data are the caller's to fill."""
        values: list[Any] = _EMPTY.copy()
        field_of = fields.get
        shape = tuple(fields)
        steps = self._steps_of_shape.get(shape)
        if steps is None:
            steps = self._steps_for(shape)
        for position, name, work_out, convert in steps:
            found = field_of(name) if work_out is None else work_out(fields)
            if found is not None and values[position] is None:
                values[position] = convert(found)
        for _, name, work_out, _ in self._level:
            found = field_of(name) if work_out is None else work_out(fields)
            if found is not None and _is_scalar(found):
                level = level_of(cast("GivenLevel", found))
                values[LEVEL], values[SEVERITY] = level.text and _text(level.text), level.severity
                break
        return values

    def _steps_for(self, shape: tuple[str, ...]) -> list[_Step]:
        """Those that may find something. Most entries of a file have the same names: they are looked for once."""
        names = set(shape)
        steps = [step for step in self._steps if step.work_out is not None or step.name in names]
        if len(shape) <= _NAMES_KEPT and sum(map(len, shape)) <= _SHAPE_LENGTH:
            if len(self._steps_of_shape) >= _SHAPES_KEPT:
                self._steps_of_shape.clear()
            self._steps_of_shape[shape] = steps
        return steps


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


def as_json(fields: object) -> bytes:
    """The fields as `raw_data`: JSON that PostgreSQL can read every value of."""
    return repaired_escapes(_encode(fields))


def _step(column: ColumnName, place: Place, read_time: ReadTime) -> _Step:
    position = POSITIONS[column]
    convert = read_time if column == "timestamp" else _CONVERTERS[COLUMNS[position].postgres_type]
    if isinstance(place, str):
        return _Step(position, place, None, convert)
    return _Step(position, "", place, convert)


def _is_scalar(value: object) -> bool:
    return isinstance(value, _SCALARS) and value is not True and value is not False


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value if "\0" not in value else value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _integer_within(bits: int) -> Convert:
    limit = 2 ** (bits - 1)

    def convert(value: object) -> int | None:
        if type(value) is int:  # neither text nor a boolean
            return value if -limit <= value < limit else None
        if isinstance(value, str):
            # int() also reads underscores and digits of other scripts.
            is_number = value.isascii() and value.removeprefix("-").isdigit()
            value = int(value) if is_number and len(value) <= _LONGEST_BIGINT else None
        if isinstance(value, bool) or not isinstance(value, int):
            return None
        return value if -limit <= value < limit else None

    return convert


def _float(value: object) -> float | None:
    if not isinstance(value, _SCALARS) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _jsonb(value: object) -> bytes:
    return _JSONB_VERSION + repaired_escapes(_encode(value))


_CONVERTERS: dict[str, Convert] = {
    "text": _text,
    "integer": _integer_within(32),
    "bigint": _integer_within(64),
    "double precision": _float,
    "boolean": _boolean,
    "jsonb": _jsonb,
    "timestamp with time zone": usual_time,
}
"""By the column's type; what is no value of it is None."""
