"""What a wrong setting must be, with its variable's name and an example. pydantic's own words have neither."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, get_args

from annotated_types import Ge, Le
from pydantic import ValidationError
from pydantic.fields import FieldInfo

_OWN_REFUSAL = "value_error"
"""pydantic's type of what our own validators raise: it says already what must be."""


def explained(error: ValidationError, fields: Mapping[str, FieldInfo]) -> str:
    """One line for each wrong variable, never its value: it may be a secret."""
    lines = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(problem["loc"][0]) if problem["loc"] else ""
        if problem["type"] == _OWN_REFUSAL or name not in fields:
            said = problem["msg"].removeprefix("Value error, ")
        else:
            said = _must_be(name.upper(), fields[name])
        lines.append(f"  {name.upper() or 'settings'}: {said}")
    return "these settings are wrong:\n" + "\n".join(lines)


def _must_be(variable: str, field: FieldInfo) -> str:
    kind = _kind(field)
    if kind is bool:
        return "must be true or false"
    if issubclass(kind, Enum):
        return "must be one of " + ", ".join(str(each.value) for each in kind)
    examples = field.examples or ([] if field.default is None else [field.default])
    such_as = f", such as {variable}={examples[0]:{'g' if kind is float else ''}}" if examples else ""
    what = {int: "a whole number", float: "a number"}.get(kind)
    return f"must be {what}{_range(field)}{such_as}" if what else "must be text"


def _kind(field: FieldInfo) -> type:
    """The type beside None and below `Annotated`; of several values that of each."""
    first: Any = (get_args(field.annotation) or (field.annotation,))[0]
    kind: type = getattr(first, "__origin__", first)
    return kind


def _range(field: FieldInfo) -> str:
    lowest = next((each.ge for each in field.metadata if isinstance(each, Ge)), None)
    highest = next((each.le for each in field.metadata if isinstance(each, Le)), None)
    return "" if lowest is None or highest is None else f" from {lowest:,} to {highest:,}"
