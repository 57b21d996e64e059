"""Values to fields by their position. What is used for many lines is compiled to one function, as mappings are."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from ingestor.formats.mapping.compiled import Fields

type Number = int | float | str

EXTRA = "extra"
"""The name of a field with all that stands behind the last known position."""

_NOTHING = "-"
_KEPT = 4096
_LONGEST_NUMBER = 18
_NUMBER = re.compile(r"-?+[0-9]++(\.[0-9]++)?+").fullmatch

_WORTH_COMPILING = 64
"""Lines. Compiling takes as long as a few hundred of them, and a header line may stand before each line."""

_MOST_COMPILED = 128
"""Names. Nobody's header has as many, and the compiler's time and memory have their limits."""


_AS_NUMBER = "{v} if len({v}) > longest else int({v}) if {v}.isdigit() and {v}.isascii() else fraction({v})"
"""What `number` does, without calls."""


class Positions:
    """What stands where; `numbers` are the names of those that are numbers."""

    __slots__ = ("_left", "fields", "names", "numbers")

    fields: Callable[[Sequence[str]], Fields]
    """By name, without those that are nothing; what stands behind the last name is under EXTRA."""

    def __init__(self, names: tuple[str, ...], numbers: tuple[str, ...] = ()) -> None:
        self.names = names
        self.numbers = numbers
        is_compiled = 0 < len(names) <= _MOST_COMPILED and len(set(names)) == len(names)
        self._left = _WORTH_COMPILING
        self.fields = self._counted if is_compiled else self.one_by_one

    def one_by_one(self, values: Sequence[str]) -> Fields:
        names = self.names
        fields: Fields = {
            name: value for name, value in zip(names, values, strict=False) if value != _NOTHING and value
        }
        for name in self.numbers:
            text = fields.get(name)
            # A header may name a field twice: then it is a number already.
            if text.__class__ is str:
                fields[name] = number(text)
        if len(values) > len(names):
            fields[EXTRA] = list(values[len(names) :])
        return fields

    def _counted(self, values: Sequence[str]) -> Fields:
        self._left -= 1
        if not self._left:
            self.fields = _compiled(self)
        return self.one_by_one(values)


def _compiled(positions: Positions) -> Callable[[Sequence[str]], Fields]:
    names = positions.names
    lines = [
        "def fields(values):",
        f"    if len(values) != {len(names)}:",
        "        return one_by_one(values)",
        f"    {''.join(f'v{index},' for index in range(len(names)))} = values",
        "    found = {}",
    ]
    for index, name in enumerate(names):
        value = f"v{index}"
        read = _AS_NUMBER.format(v=value) if name in positions.numbers else value
        lines.append(f"    if {value} != '-' and {value}: found[p{index}] = {read}")
    lines.append("    return found")
    known = {f"p{index}": name for index, name in enumerate(names)} | {
        "one_by_one": positions.one_by_one,
        "longest": _LONGEST_NUMBER,
        "fraction": _number,
    }
    exec("\n".join(lines), known)  # noqa: S102 - of the lines above alone; names are its globals
    function: Callable[[Sequence[str]], Fields] = known["fields"]  # type: ignore[assignment] # just defined
    return function


def number(text: str) -> Number:
    """An integer or a decimal fraction; anything else stays as it is, and so does one with too many digits."""
    if len(text) > _LONGEST_NUMBER:
        return text
    # Sizes are many; times of a request are few.
    return int(text) if text.isdigit() and text.isascii() else _number(text)


@lru_cache(maxsize=_KEPT)
def _number(text: str) -> Number:
    found = _NUMBER(text)
    if found is None:
        return text
    return int(text) if found[1] is None else float(text)
