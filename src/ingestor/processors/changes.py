"""`rename` and `set`: changes of an entry's fields that need no Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingestor.processors.fields import Absent, copied, set_at, take_at
from ingestor.processors.mistakes import OptionMistake
from ingestor.processors.processor import EntryContext, Processed


@dataclass(frozen=True, slots=True)
class Rename:
    """A `Processor`. A field that isn't there is none's loss; one that has the new name already gives way."""

    names: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return "rename"

    def process(self, entry: dict[str, Any], _context: EntryContext, /) -> Processed:
        for old, new in self.names:
            value = take_at(entry, old)
            if not isinstance(value, Absent):
                set_at(entry, new, value)
        return entry


@dataclass(frozen=True, slots=True)
class SetFields:
    """A `Processor`: gives fields a value, whatever they had before."""

    values: tuple[tuple[str, Any], ...]

    @property
    def name(self) -> str:
        return "set"

    def process(self, entry: dict[str, Any], _context: EntryContext, /) -> Processed:
        for name, value in self.values:
            set_at(entry, name, copied(value))
        return entry


def read_rename(given: object) -> Rename | OptionMistake:
    if not isinstance(given, Mapping) or not all(isinstance(new, str) and new for new in given.values()):
        return OptionMistake("rename", 'must be a table of old names and new ones: { "user_name" = "user" }')
    return Rename(tuple(given.items()))


def read_set(given: object) -> SetFields | OptionMistake:
    if not isinstance(given, Mapping):
        return OptionMistake(
            "set", 'must be a table of fields and their values: { environment = "production" }'
        )
    unfit = [name for name, value in given.items() if not _is_json(value)]
    if unfit:
        return OptionMistake("set", f"gives `{unfit[0]}` a value that JSON doesn't have; write it as a text")
    return SetFields(tuple(given.items()))


def _is_json(value: object) -> bool:
    match value:
        case str():
            return "\0" not in value
        case bool() | int():
            return True
        case float():
            return value - value == 0
        case list():
            return all(map(_is_json, value))
        case dict():
            return all(map(_is_json, [*value, *value.values()]))
        case _:
            return False
