r"""Fields by their position in a line: apart by spaces, some of them in double quotes, `-` where there is nothing.

h2 2026-11-24T12:00:00.186641Z 0.001 200 "GET https://www.example.org:443/?a=\x22 HTTP/2.0" "-"
"""

import re
from collections.abc import Callable, Mapping

from ingestor.formats.mapping.positions import Positions

# A quote closes a field only before a space or the end of the line: some programs write quotes within as they are.
_ESCAPING = re.compile(r'"((?:[^"\\]++|\\.|\\|"(?! |$))*+)"(?: |$)', re.DOTALL).match
_LITERAL = re.compile(r'"((?:[^"]++|"(?! |$))*+)"(?: |$)', re.DOTALL).match
_EDGES = ("", " ")
"""What a quote has before it where it opens a field, and after it where it closes one."""

_ESCAPES = re.compile(r'(?:\\x[0-9A-Fa-f]{2})++|\\(["\\])')


def exactly_these(
    positions: Positions, patterns: Mapping[str, str], *, is_escaped: bool = True
) -> Callable[[str], re.Match[str] | None]:
    """Matches lines with all of these fields and no other, a group each; finds what `quoted_fields` finds, sooner.

    `patterns` are of the fields that are not a word: QUOTED, or others without a backtracking repeat.
    """
    whole = " ".join(patterns.get(name, _WORD) for name in positions.names)
    match = re.compile(whole, re.DOTALL).fullmatch
    quotes = 2 * sum(pattern == QUOTED for pattern in patterns.values())
    # Counting the quotes allows for groups that look for one character: half the time.

    def usual(line: str) -> re.Match[str] | None:
        if line.count('"') != quotes or (is_escaped and "\\" in line):
            return None
        return match(line)

    return usual


_WORD = r"([^ ]++)"
QUOTED = r'"([^"]*+)"'


def quoted_fields(line: str, *, is_escaped: bool = True) -> list[str] | None:
    r"""The line's fields; None: quotes without their partners.

    Within quotes, and if `is_escaped`, `\"`, `\\` and `\xHH` are what they stand for. Two spaces have an empty field
    between them.
    """
    text = line.rstrip(" ")
    parts = text.split('"')
    if len(parts) == 1:
        return text.split(" ")
    first, last = parts[0], parts[-1]
    is_hard = (is_escaped and "\\" in text) or len(parts) % 2 == 0
    if is_hard or first[-1:] not in _EDGES or last[:1] not in _EDGES:
        return _exactly(text, is_escaped=is_escaped)
    fields = first[:-1].split(" ") if first else []
    fields.append(parts[1])
    for between, inside in zip(parts[2:-1:2], parts[3::2], strict=True):
        if between != " ":
            if between[:1] != " " or between[-1] != " ":
                return _exactly(text, is_escaped=is_escaped)
            fields += between[1:-1].split(" ")
        fields.append(inside)
    if last:
        fields += last[1:].split(" ")
    return fields


def _exactly(text: str, *, is_escaped: bool) -> list[str] | None:
    fields: list[str] = []
    quoted = _ESCAPING if is_escaped else _LITERAL
    at, end = 0, len(text)
    while at < end:
        if text[at] == '"':
            found = quoted(text, at)
            if found is None:
                return None
            fields.append(unescaped(found[1]) if is_escaped else found[1])
            at = found.end()
            continue
        space = text.find(" ", at)
        until = space if space >= 0 else end
        field = text[at:until]
        if '"' in field:
            return None
        fields.append(field)
        at = until + 1
    return fields


def unescaped(text: str) -> str:
    r"""`\"`, `\\` and `\xHH` to what they stand for; bytes that are no UTF-8 become U+FFFD."""
    return _ESCAPES.sub(_meant, text) if "\\" in text else text


def _meant(found: re.Match[str]) -> str:
    character: str | None = found[1]
    if character is not None:
        return character
    return bytes.fromhex(found[0].replace("\\x", "")).decode("utf-8", "replace")
