"""What is replaced in an entry's fields, and in text."""

import re
from collections.abc import Callable
from typing import Any

from ingestor.processors.redaction.names import SecretNames

REDACTED = "[redacted]"
_QUOTED_ALREADY = f'"{REDACTED}"'

# Ends of the names by which an object says a name and its value: `name`, `headerName`; `value`, `header_values`.
_NAMED_BY = ("name", "key", "header", "field")
_NAMED = ("value", "values", "val")
_END_OF_PARAMETER = re.compile(r"[^&\s\"'#;<>]*+")
_END_OF_QUOTED = re.compile(r"[^\r\n]*+")
# A header may go on in lines that begin with a space.
_END_OF_FOLDED = re.compile(r"[^\r\n]*+(?:\r?\n[ \t]++[^\r\n]*+)*+")
_TOKEN = re.compile(r"\b(?i:bearer|basic|digest|negotiate)\s++[A-Za-z0-9._~+/=-]{6,}+")
_IN_PARAMETER = re.compile(r"[?&][\w.%\[\]-]*+\Z")
_LONGEST_PREFIX = 32
_LONGEST_NAME = 256


class Redactor:
    """Of one entry. `removed` are the values that it took out, as text."""

    def __init__(
        self, names: SecretNames, patterns: tuple[re.Pattern[str], ...], within: Callable[[str], str | None]
    ) -> None:
        """`within` redacts a text that is JSON itself; None: it is none."""
        self._names = names
        self._patterns = patterns
        self._within = within
        self.removed: list[str] = []

    def cleaned(self, value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
        """`value` itself where nothing was redacted: one frame of the stack for each level of nesting."""
        match value:
            case str():
                return self.text(value)
            case dict():
                is_pair = self._is_pair(value)
                return {
                    self._key(name): self._removed(each)
                    if self._is_meant(name, is_pair=is_pair)
                    else self.cleaned(each)
                    for name, each in value.items()
                }
            case list() | tuple():
                return [
                    self._removed(each) if at and self._names_next(value[at - 1]) else self.cleaned(each)
                    for at, each in enumerate(value)
                ]
            case None | bool():
                return value
            case _:
                return self._number(value)

    def text(self, text: str) -> str:
        anywhere = self._names.anywhere
        if (anywhere is not None and anywhere.search(text)) or (self._patterns and text[:1] in "{["):
            within = self._within(text)
            if within is not None:
                return within
            text = self._without_values(text)
        for pattern in self._patterns:
            text = pattern.sub(REDACTED, text)
        return text

    def _is_pair(self, fields: dict[str, Any]) -> bool:
        """`{"name": "authorization", "value": …}`."""
        return any(
            isinstance(value, str)
            and name.lower().endswith(_NAMED_BY)
            and self._names.mean(value[:_LONGEST_NAME])
            for name, value in fields.items()
        )

    def _is_meant(self, name: str, *, is_pair: bool) -> bool:
        return (is_pair and name.lower().endswith(_NAMED)) or self._names.mean(name)

    def _names_next(self, value: object) -> bool:
        """A list may hold names and values by turns, as node's `rawHeaders`."""
        return isinstance(value, str) and len(value) <= _LONGEST_NAME and self._names.mean(value)

    def _removed(self, value: object) -> object:
        if value is None:
            return None
        self.removed += _texts_in(value)
        return REDACTED

    def _key(self, name: str) -> str:
        for pattern in self._patterns:
            name = pattern.sub(REDACTED, name)
        return name

    def _number(self, value: object) -> object:
        written = str(value)
        return REDACTED if any(pattern.search(written) for pattern in self._patterns) else value

    def _without_values(self, text: str) -> str:
        """A name's value goes on to the end of its line, in a URL to the end of the parameter.

        Where it begins with a bracket, to the text's end: it may go on over lines.
        """
        pattern = self._names.in_text
        parts, at = [], 0
        while pattern is not None and (found := pattern.search(text, at)):
            before = text[max(found.start() - _LONGEST_PREFIX, 0) : found.start()]
            is_parameter = _IN_PARAMETER.search(before) is not None
            end = _end_of_value(text, found.end(), is_parameter=is_parameter)
            value = text[found.end() : end]
            parts += [text[at : found.end()], REDACTED if value and value != _QUOTED_ALREADY else value]
            at = end
        return _TOKEN.sub(REDACTED, "".join([*parts, text[at:]]))


def _end_of_value(text: str, start: int, *, is_parameter: bool) -> int:
    if text.startswith(_QUOTED_ALREADY, start):
        return start + len(_QUOTED_ALREADY)
    if is_parameter:
        end = _END_OF_PARAMETER.match(text, start)
    elif text[start : start + 1] in ("[", "{", "("):
        return len(text)
    else:
        is_quoted = text[start : start + 1] in ('"', "'")
        end = (_END_OF_QUOTED if is_quoted else _END_OF_FOLDED).match(text, start)
    return end.end() if end else len(text)


def _texts_in(value: object) -> list[str]:
    match value:
        case dict():
            return [text for each in value.values() for text in _texts_in(each)]
        case list() | tuple():
            return [text for each in value for text in _texts_in(each)]
        case None | bool():
            return []
        case _:
            return [str(value)]
