"""One table of `ingestor.toml`, read value by value; every mistake is collected, with its line, and none ends it."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingestor.routing.toml_lines import Path, TomlLines

_LIKENESS = 0.7
"""Options are few, and all ours: `fromat` is 0.83 like `format`, `timezone` 0.94 like `time_zone`."""

_KINDS = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "a table",
}


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """`table` as it is written in the file: [[rule]]."""

    line: int
    table: str
    said: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.table}: {self.said}"


@dataclass(slots=True)
class Mistakes:
    """Of one document; each once, however often it is come upon."""

    lines: TomlLines
    _found: dict[Mistake, None] = field(default_factory=dict)

    def add(self, path: Path, table: str, said: str) -> None:
        self._found[Mistake(self.lines.of(path), table, said)] = None

    def __iter__(self) -> Iterator[Mistake]:
        return iter(sorted(self._found))

    def __bool__(self) -> bool:
        return bool(self._found)


class Table:
    """Remembers what it was asked for: what is there beside that is no option.

    A value of the wrong type is a mistake, and as good as absent.
    """

    def __init__(self, values: Mapping[str, Any], path: Path, name: str, mistakes: Mistakes) -> None:
        self.values = values
        self.path = path
        self.name = name
        self._mistakes = mistakes
        self._asked: set[str] = set()

    @property
    def line(self) -> int:
        return self._mistakes.lines.of(self.path)

    def text(self, name: str) -> str | None:
        value = self._value(name)
        if value is None or isinstance(value, str):
            return value
        self._wrong(name, "a string", value)
        return None

    def flag(self, name: str) -> bool | None:
        value = self._value(name)
        if value is None or isinstance(value, bool):
            return value
        self._wrong(name, "true or false", value)
        return None

    def texts(self, name: str) -> tuple[str, ...] | None:
        """One string, or an array of them."""
        value = self._value(name)
        if isinstance(value, str):
            return (value,)
        if value is None or (
            isinstance(value, list) and value and all(isinstance(each, str) for each in value)
        ):
            return None if value is None else tuple(value)
        self._wrong(name, "a string or an array of strings", value)
        return None

    def choice(self, name: str, *allowed: str) -> str | None:
        value = self._value(name)
        if value is None or (isinstance(value, str) and value in allowed):
            return value
        listed = " or ".join(f'"{each}"' for each in allowed)
        near = difflib.get_close_matches(str(value), allowed, n=1, cutoff=_LIKENESS)
        self.mistake(name, f"`{name}` must be {listed}" + (f'; did you mean "{near[0]}"?' if near else ""))
        return None

    def raw(self, name: str) -> Any:  # noqa: ANN401 - whatever TOML has; None is absent
        return self._value(name)

    def table(self, name: str) -> "Table | None":
        value = self._value(name)
        if value is None or isinstance(value, dict):
            within = self.name.strip("[]")
            title = f"[{name}]" if not self.path else f"[{within}.{name}]"
            return None if value is None else Table(value, (*self.path, name), title, self._mistakes)
        self._wrong(name, "a table", value)
        return None

    def tables(self, name: str) -> list["Table"]:
        value = self._value(name)
        if value is None:
            return []
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            return [
                Table(each, (*self.path, name, position), f"[[{name}]]", self._mistakes)
                for position, each in enumerate(value)
            ]
        self.mistake(name, f"`{name}` must be written as [[{name}]]")
        return []

    def mistake(self, name: str | None, said: str) -> None:
        """Said of the option `name`, or of the table as a whole."""
        self._mistakes.add(self.path if name is None else (*self.path, name), self.name, said)

    def refuse_others(self, misplaced: Mapping[str, str] | None = None) -> None:
        """Asked last: every value that nobody asked for is a mistake. Of `misplaced` ones it is known what to say."""
        for name in self.values:
            if name in self._asked:
                continue
            said = (misplaced or {}).get(name) or f"is not an option{did_you_mean(name, self._asked)}"
            self.mistake(name, f"`{name}` {said}")

    def _value(self, name: str) -> Any:  # noqa: ANN401 - whatever TOML has
        self._asked.add(name)
        return self.values.get(name)

    def _wrong(self, name: str, expected: str, value: object) -> None:
        kind = _KINDS.get(type(value), "a date or time")
        self.mistake(name, f"`{name}` must be {expected}, not {'an empty array' if value == [] else kind}")


def did_you_mean(name: str, known: Collection[str]) -> str:
    """A near miss is named, and otherwise what there is."""
    anagrams = [each for each in sorted(known) if sorted(each) == sorted(name.lower())]
    near = anagrams or difflib.get_close_matches(name.lower(), sorted(known), n=1, cutoff=_LIKENESS)
    return f"; did you mean `{near[0]}`?" if near else f"; known here: {', '.join(sorted(known))}"
