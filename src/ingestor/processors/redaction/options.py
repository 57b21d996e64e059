"""`redact`: which fields and which texts a rule has replaced."""

import re
from dataclasses import dataclass
from functools import cached_property

from ingestor.processors.mistakes import OptionMistake
from ingestor.processors.redaction.json_entry import JsonRedaction
from ingestor.processors.redaction.names import CREDENTIALS, SecretNames

_USAGE = (
    f'must be a list of names of fields, "{CREDENTIALS}" among them, and of patterns: '
    '{ pattern = "[0-9]{16}" }'
)


@dataclass(frozen=True)
class Redaction:
    """`patterns` are regular expressions, looked for in every text and number of an entry."""

    names: SecretNames
    patterns: tuple[str, ...] = ()

    @cached_property
    def of_json(self) -> JsonRedaction:
        return JsonRedaction(self.names, tuple(map(re.compile, self.patterns)))


def read_redact(given: object) -> Redaction | list[OptionMistake]:
    items = given if isinstance(given, list) else [given]
    names: list[str] = []
    patterns: list[str] = []
    mistakes: list[str] = []
    for item in items:
        match item:
            case str():
                names.append(item)
                mistakes += _wrong_name(item)
            case {"pattern": str(pattern), **others} if not others:
                patterns.append(pattern)
                mistakes += _wrong_pattern(pattern)
            case _:
                mistakes.append(_USAGE)
    if not items:
        mistakes.append(_USAGE)
    if mistakes:
        return [OptionMistake("redact", sentence) for sentence in dict.fromkeys(mistakes)]
    own = tuple(name for name in names if name != CREDENTIALS)
    return Redaction(SecretNames(credentials=CREDENTIALS in names, own=own), tuple(patterns))


def _wrong_name(name: str) -> list[str]:
    if not name.isascii() or not name.strip() or any(ord(character) < ord(" ") for character in name):
        return [f"names {name!r}, which is no name in ASCII; a pattern may hold any characters"]
    if "." in name:
        return [f"names `{name}`: give the field's own name, `{name.rpartition('.')[2]}`, wherever it stands"]
    return []


def _wrong_pattern(pattern: str) -> list[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        return [f"has a pattern that is no regular expression: {pattern!r}: {error}"]
    return [f"has a pattern that matches nothing at all as well: {pattern!r}"] if compiled.search("") else []
