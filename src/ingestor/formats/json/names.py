"""Fields of JSON to columns of `logs`, by ordered lists of dotted names.

`http.request.method` is found wherever its parts stand: under one dotted key, in objects within objects, or mixed. The
entry's own keys are looked up, not the names: an entry has 10 fields, and there are 100 names that it may have.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from math import isfinite
from typing import Any

from ingestor.formats.mapping import LEVEL, POSITIONS, SEVERITY, ColumnName, Fields, ReadTime, usual_time
from ingestor.formats.mapping.conversions import jsonb
from ingestor.formats.mapping.levels import Level, level_of
from ingestor.model.columns import COLUMNS


@dataclass(frozen=True, slots=True)
class Derived:
    """A field by its name, and what is made of its value before the column takes it; None: nothing.

    For `level` it may make a `Level`.
    """

    name: str
    read: Callable[[Any], object]


type JsonPlace = str | Derived | Callable[[Fields], object]
"""A dotted name, a Derived, or what is worked out from several fields."""

type JsonPlaces = Mapping[ColumnName, tuple[JsonPlace, ...]]

type _Convert = Callable[[Any], object]

_TAKEN, _NOWHERE = -1, 1 << 30
_RANKS = [_NOWHERE] * len(COLUMNS)
_EMPTY: list[object] = [None] * len(COLUMNS)
_SCALARS, _NUMBERS = (str, int, float), (int, float)


type _Taker = tuple[int, int, _Convert]
"""The position of a column, the rank of this place among the column's, and what is made of the value for it."""

type _Node = tuple[list[_Taker], "dict[str, _Node]"]
"""What a key means: the columns it fills, and what the keys of the object mean that it may hold."""

type _Table = dict[str, _Node]


class ColumnNames:
    """For each column the places where its value may stand, the first with a usable value first."""

    def __init__(self, places: JsonPlaces, *, read_time: ReadTime = usual_time) -> None:
        self.places = dict(places)
        self._read_time = read_time
        self._table: _Table = {}
        self._worked_out: list[tuple[int, int, Callable[[Fields], object], _Convert]] = []
        for column, where in places.items():
            self._enter(column, where)

    def preferring(self, places: JsonPlaces, *, read_time: ReadTime | None = None) -> "ColumnNames":
        """The same, with these places looked at before its own."""
        names: list[ColumnName] = [*self.places, *(name for name in places if name not in self.places)]
        both = {name: (*places.get(name, ()), *self.places.get(name, ())) for name in names}
        return ColumnNames(both, read_time=read_time or self._read_time)

    def names_of(self, column: ColumnName) -> list[str]:
        """As they are looked for."""
        places = self.places.get(column, ())
        return [place if isinstance(place, str) else place.name for place in places if not callable(place)]

    def values(self, fields: Fields) -> list[Any]:
        """One for each of COLUMNS; id, file_id, ordinal and raw_data are the caller's to fill."""
        values = _EMPTY.copy()
        self._fill(values, _RANKS.copy(), fields)
        return values

    def complete(self, values: list[Any], fields: Fields) -> None:
        """Fills only what is None. A level and its severity go together."""
        self._fill(values, [_NOWHERE if value is None else _TAKEN for value in values], fields)

    def _fill(self, values: list[Any], ranks: list[int], fields: Fields) -> None:
        _collect(fields, self._table, values, ranks)
        for position, rank, place, convert in self._worked_out:
            if (
                rank < ranks[position]
                and (found := place(fields)) is not None
                and (value := convert(found)) is not None
            ):
                values[position], ranks[position] = value, rank
        level = values[LEVEL]
        if level.__class__ is Level:
            values[LEVEL], values[SEVERITY] = level.text, level.severity

    def _enter(self, column: ColumnName, places: tuple[JsonPlace, ...]) -> None:
        position, own = POSITIONS[column], _converter(column, self._read_time)
        for rank, place in zip(count(), places):
            if isinstance(place, str):
                _add(self._table, place, (position, rank, own))
            elif isinstance(place, Derived):
                _add(self._table, place.name, (position, rank, _both(place.read, own)))
            else:
                self._worked_out.append((position, rank, place, own))


def _collect(fields: Fields, table: _Table, values: list[object], ranks: list[int]) -> None:
    for key, given in fields.items():
        if key in table and given is not None:
            takers, within = table[key]
            for position, rank, convert in takers:
                if rank < ranks[position] and (value := convert(given)) is not None:
                    values[position], ranks[position] = value, rank
            if within and given.__class__ is dict:
                _collect(given, within, values, ranks)


def _add(table: _Table, name: str, taker: _Taker) -> None:
    for start, rest in _splits(name):
        takers, within = table.setdefault(start, ([], {}))
        if rest:
            _add(within, rest, taker)
        else:
            takers.append(taker)


def _splits(name: str) -> Iterator[tuple[str, str]]:
    yield name, ""
    at = name.find(".")
    while at >= 0:
        if 0 < at < len(name) - 1:
            yield name[:at], name[at + 1 :]
        at = name.find(".", at + 1)


def value_at(fields: Fields, name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The first value under a dotted name, wherever its parts stand; None: there is none."""
    for start, rest in _splits(name):
        given = fields.get(start)
        if rest and isinstance(given, dict):
            given = value_at(given, rest)
        elif rest:
            continue
        if given is not None:
            return given
    return None


def _both(read: _Convert, own: _Convert) -> _Convert:
    def convert(value: object) -> object:
        found = read(value)
        return None if found is None else own(found)

    return convert


def _converter(column: ColumnName, read_time: ReadTime) -> _Convert:
    if column == "timestamp":
        return read_time
    return _BY_NAME.get(column) or _BY_TYPE[COLUMNS[POSITIONS[column]].postgres_type]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _identifier(value: object) -> str | None:
    """Counted by some, random for others."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _level(value: object) -> Level | None:
    if isinstance(value, Level):
        return value
    return level_of(value) if isinstance(value, _SCALARS) and not isinstance(value, bool) else None


def _integer_within(bits: int) -> _Convert:
    limit = 2 ** (bits - 1)

    def convert(value: object) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit:
            return value
        return None

    return convert


def _float(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


_BY_NAME: dict[ColumnName, _Convert] = {"request_id": _identifier, "level": _level}
_BY_TYPE: dict[str, _Convert] = {
    "text": _text,
    "integer": _integer_within(32),
    "bigint": _integer_within(64),
    "double precision": _float,
    "boolean": _boolean,
    "jsonb": jsonb,
    "timestamp with time zone": usual_time,
}
"""By the column's type. JSON says itself what is a number and what is text: neither is read as the other."""
