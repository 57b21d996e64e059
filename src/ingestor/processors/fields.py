"""An entry's fields by name: `res.statusCode` is a field of that name, or `statusCode` within the object `res`."""

from collections.abc import Iterator
from typing import Any, Final

type EntryFields = dict[str, Any]


class Absent:
    """There is no such field. A field that is null is there."""


ABSENT: Final = Absent()


def value_at(fields: EntryFields, name: str) -> object:
    """ABSENT where there is none. A field of the whole name comes before one within an object."""
    if name in fields:
        return fields[name]
    for outer, inner in _divided(name):
        within = fields.get(outer)
        if isinstance(within, dict) and not isinstance(found := value_at(within, inner), Absent):
            return found
    return ABSENT


def set_at(fields: EntryFields, name: str, value: object) -> None:
    """In place. Where there is no such field, the objects that its name speaks of are made.

    What stands where an object has to be and is none gives way to it.
    """
    holder, own_name = _holder(fields, name)
    holder[own_name] = value


def take_at(fields: EntryFields, name: str) -> object:
    """Takes the field out, in place; ABSENT where there is none."""
    if name in fields:
        return fields.pop(name)
    for outer, inner in _divided(name):
        within = fields.get(outer)
        if isinstance(within, dict) and not isinstance(found := take_at(within, inner), Absent):
            return found
    return ABSENT


def copied(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Objects and arrays are new, all the way down."""
    match value:
        case dict():
            return {name: copied(each) for name, each in value.items()}
        case list() | tuple():
            return [copied(each) for each in value]
        case _:
            return value


def _holder(fields: EntryFields, name: str) -> tuple[EntryFields, str]:
    """The object that has this field, or is to have it, and the field's name in it."""
    if name in fields:
        return fields, name
    for outer, inner in _divided(name):
        if isinstance(within := fields.get(outer), dict):
            return _holder(within, inner)
    outer, dot, inner = name.partition(".")
    if not dot:
        return fields, name
    made: EntryFields = {}
    fields[outer] = made
    return _holder(made, inner)


def _divided(name: str) -> Iterator[tuple[str, str]]:
    """`a.b.c`: (`a`, `b.c`), then (`a.b`, `c`)."""
    at = name.find(".")
    while at >= 0:
        yield name[:at], name[at + 1 :]
        at = name.find(".", at + 1)
