"""`drop_when`: comparisons of an entry's fields, which tell the entries that nobody wants."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import translate
from typing import Any, assert_never

from ingestor.processors.fields import Absent, EntryFields, value_at
from ingestor.processors.mistakes import OptionMistake

_REASON = "reason"


class Comparison(StrEnum):
    """Each is what a rule writes: `{ at_least = 500 }`."""

    EQUALS = "equals"
    ONE_OF = "one_of"
    GREATER_THAN = "greater_than"
    AT_LEAST = "at_least"
    LESS_THAN = "less_than"
    AT_MOST = "at_most"
    GLOB = "glob"
    REGEX = "regex"
    CONTAINS = "contains"
    EXISTS = "exists"


_ORDERED = (Comparison.GREATER_THAN, Comparison.AT_LEAST, Comparison.LESS_THAN, Comparison.AT_MOST)


@dataclass(frozen=True, slots=True)
class Condition:
    """Of one field. `operand` is what the rule gives; a pattern is compiled."""

    field: str
    comparison: Comparison
    operand: Any

    def holds(self, entry: EntryFields) -> bool:
        value = value_at(entry, self.field)
        if self.comparison is Comparison.EXISTS:
            return isinstance(value, Absent) is not self.operand
        return not isinstance(value, Absent) and _compared(value, self.comparison, self.operand)


@dataclass(frozen=True, slots=True)
class DropWhen:
    """Drops an entry of which all conditions hold."""

    conditions: tuple[Condition, ...]
    reason: str

    def holds(self, entry: EntryFields) -> bool:
        return all(condition.holds(entry) for condition in self.conditions)


def read_drop_when(given: object) -> tuple[list[DropWhen], list[OptionMistake]]:
    """`given` is a table, or a list of them, of which one is enough to drop an entry."""
    tables = given if isinstance(given, list) else [given]
    read, mistakes = [], []
    for table in tables:
        if not isinstance(table, dict):
            mistakes.append(
                OptionMistake("drop_when", "must be a table of fields and what they are compared with")
            )
            continue
        found, wrong = _read_table(table)
        read += found
        mistakes += wrong
    return read, mistakes


def _read_table(table: dict[str, Any]) -> tuple[list[DropWhen], list[OptionMistake]]:
    reason = table.get(_REASON)
    fields = {name: what for name, what in table.items() if name != _REASON or isinstance(what, dict)}
    conditions: list[Condition] = []
    mistakes: list[OptionMistake] = []
    for field, what in fields.items():
        if field in Comparison and not isinstance(what, dict):
            mistakes.append(_misplaced(field, what))
            continue
        for comparison, operand in _comparisons(what):
            condition = _condition(field, comparison, operand)
            if isinstance(condition, OptionMistake):
                mistakes.append(condition)
            else:
                conditions.append(condition)
    if not fields or (not conditions and not mistakes):
        mistakes.append(OptionMistake("drop_when", "names no field, and would drop every entry"))
    if mistakes:
        return [], mistakes
    return [DropWhen(tuple(conditions), reason if isinstance(reason, str) else _told(table))], []


def _misplaced(name: str, operand: object) -> OptionMistake:
    """As others write it: `{ field = "res.statusCode", equals = 304 }`. Read as fields, it would drop nothing."""
    right = f'{{ "the.field" = {{ {name} = {json.dumps(operand, default=str)} }} }}'
    return OptionMistake("drop_when", f"`{name}` is a comparison, not a field: write {right}")


def _comparisons(what: object) -> list[tuple[str, object]]:
    match what:
        case dict():
            return list(what.items())
        case list():
            return [(Comparison.ONE_OF, what)]
        case _:
            return [(Comparison.EQUALS, what)]


def _condition(field: str, name: str, operand: object) -> Condition | OptionMistake:
    try:
        comparison = Comparison(name)
    except ValueError:
        return OptionMistake(
            "drop_when", f"`{field}`: `{name}` is no comparison; there are {', '.join(Comparison)}"
        )
    match comparison:
        case Comparison.EQUALS | Comparison.CONTAINS if isinstance(operand, str | int | float | bool):
            return Condition(field, comparison, operand)
        case Comparison.ONE_OF if isinstance(operand, list) and operand:
            return Condition(field, comparison, tuple(operand))
        case Comparison.GREATER_THAN | Comparison.AT_LEAST | Comparison.LESS_THAN | Comparison.AT_MOST if (
            _is_number(operand)
        ):
            return Condition(field, comparison, operand)
        case Comparison.EXISTS if isinstance(operand, bool):
            return Condition(field, comparison, operand)
        case Comparison.GLOB if isinstance(operand, str):
            return Condition(field, comparison, re.compile(translate(operand)))
        case Comparison.REGEX if isinstance(operand, str):
            return _matching(field, operand)
        case _:
            return OptionMistake(
                "drop_when", f"`{field}`: `{name}` takes {_takes(comparison)}, not {operand!r}"
            )


def _matching(field: str, pattern: str) -> Condition | OptionMistake:
    try:
        return Condition(field, Comparison.REGEX, re.compile(pattern))
    except re.error as error:
        return OptionMistake("drop_when", f"`{field}`: `regex` is no regular expression: {error}")


def _takes(comparison: Comparison) -> str:
    match comparison:
        case Comparison.EQUALS | Comparison.CONTAINS:
            return "a text, a number or a boolean"
        case Comparison.ONE_OF:
            return "a list of values"
        case Comparison.GREATER_THAN | Comparison.AT_LEAST | Comparison.LESS_THAN | Comparison.AT_MOST:
            return "a number"
        case Comparison.GLOB | Comparison.REGEX:
            return "a text"
        case Comparison.EXISTS:
            return "true or false"
        case _:
            assert_never(comparison)


def _compared(value: object, comparison: Comparison, operand: Any) -> bool:  # noqa: ANN401 - as the rule has it
    match comparison:
        case Comparison.EQUALS:
            return _equal(value, operand)
        case Comparison.ONE_OF:
            return any(_equal(value, each) for each in operand)
        case Comparison.GLOB:
            return operand.match(_as_text(value)) is not None
        case Comparison.REGEX:
            return operand.search(_as_text(value)) is not None
        case Comparison.CONTAINS:
            return _contains(value, operand)
        case _:
            number = _as_number(value)
            return number is not None and _in_order(number, comparison, operand)


def _in_order(number: float, comparison: Comparison, operand: float) -> bool:
    match comparison:
        case Comparison.GREATER_THAN:
            return number > operand
        case Comparison.AT_LEAST:
            return number >= operand
        case Comparison.LESS_THAN:
            return number < operand
        case _:
            return number <= operand


def _equal(value: object, operand: object) -> bool:
    """A text of digits is the number that it says: formats differ in what they make of `200`. `true` is no number."""
    if isinstance(value, bool) or isinstance(operand, bool):
        return value is operand
    if isinstance(value, str) != isinstance(operand, str) and not (value is None or operand is None):
        return _is_scalar(value) and _as_text(value) == _as_text(operand)
    return value == operand


def _contains(value: object, operand: object) -> bool:
    """A text contains a text; a list contains a value; an object contains a field of that name."""
    match value:
        case str():
            return _as_text(operand) in value
        case list() | tuple():
            return any(_equal(each, operand) for each in value)
        case dict():
            return operand in value
        case _:
            return False


def _as_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _as_text(value: object) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return ""


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _told(table: Mapping[str, Any]) -> str:
    return "drop_when " + ", ".join(table)
