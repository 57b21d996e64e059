"""A mapping as one function: its source is written from the mapping's steps, as `dataclasses` writes `__init__`.

A loop over the steps, with a call for each, took a third of the time that a line of text has. No text from outside is
in the source: names of fields and what works values out are its globals `p0`, `p1`, …
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ingestor.formats.mapping.conversions import Convert, level, text
from ingestor.formats.mapping.levels import KNOWN_LEVELS

type Fields = dict[str, Any]
"""What a parser finds in an entry, under the names of the format's documentation."""

type Place = str | Callable[[Fields], object]
"""The name of a field, or what is worked out from several."""


@dataclass(frozen=True, slots=True)
class ColumnPlaces:
    """The values that may stand in the row's `position`; the first that can be converted does."""

    position: int
    places: tuple[Place, ...]
    convert: Convert


def compiled(
    columns: Iterable[ColumnPlaces], level_places: tuple[Place, ...], level_position: int, width: int
) -> Callable[[Fields], list[Any]]:
    """Fields to a list of `width` values. `level` is at `level_position`, its severity behind it."""
    known: dict[str, object] = {"text": text, "level": level, "known_levels": KNOWN_LEVELS}
    values = ["None"] * width
    lines = ["def values(fields):", "    get = fields.get"]
    for column in columns:
        values[column.position] = target = f"c{column.position}"
        known[f"convert{column.position}"] = column.convert
        lines += _column(target, column.places, _conversion(column), known)
    if level_places:
        known_first = "(known_levels.get(a) if a.__class__ is str else None) or level(a)"
        lines += _column("found", level_places, known_first, known)
        values[level_position : level_position + 2] = "found and found.text", "found and found.severity"
    lines.append(f"    return [{', '.join(values)}]")
    exec("\n".join(lines), known)  # noqa: S102 - of the lines above alone
    function: Callable[[Fields], list[Any]] = known["values"]  # type: ignore[assignment] # what was just defined
    return function


def _conversion(column: ColumnPlaces) -> str:
    """Text as it mostly is needs no call."""
    if column.convert is text:
        return r"a if a.__class__ is str and '\0' not in a else text(a)"
    return f"convert{column.position}(a)"


def _column(
    target: str, places: tuple[Place, ...], conversion: str, known: dict[str, object]
) -> Iterator[str]:
    indent = "    "
    for number, place in enumerate(places):
        name = f"p{len(known)}"
        known[name] = place
        if number:
            yield f"    if {target} is None:"
            indent = "        "
        yield f"{indent}a = {f'get({name})' if isinstance(place, str) else f'{name}(fields)'}"
        yield f"{indent}{target} = None if a is None else {conversion}"
