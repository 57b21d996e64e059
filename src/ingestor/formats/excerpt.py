"""Enough of an entry to know it by, and nothing of what it says: errors reach logs, mails and screens."""

import re

from ingestor.visible_text import visible

_LOOKED_AT = 1024
_LENGTH = 60
_ELLIPSIS = "…"
_STRING_OR_BRACKET = re.compile(rb'"((?:[^"\\]|\\.)*+)"([ \t\r\n]*+:)?|[{}\[\]]', re.DOTALL)


def excerpt(text: bytes) -> str:
    """The names of an object's fields without their values; of anything else what kind of character stands where."""
    start = text[:_LOOKED_AT].lstrip()
    if start.startswith(b"{"):
        names = _names(start)
        if names or start.startswith(b"{}"):
            return _object(names)
    return _shape(start)


def _names(text: bytes) -> list[str]:
    names, depth = [], 0
    for found in _STRING_OR_BRACKET.finditer(text):
        token = found[0]
        if token in (b"{", b"["):
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
            if not depth:
                break
        elif depth == 1 and found[2]:
            names.append(visible(found[1].decode("utf-8", "replace")))
    return names


def _object(names: list[str]) -> str:
    shown = ""
    for name in names:
        more = f'{"," if shown else ""}"{name}":{_ELLIPSIS}'
        if len(shown) + len(more) > _LENGTH:
            return f"{{{shown or _ELLIPSIS}{',' + _ELLIPSIS if shown else ''}}}"
        shown += more
    return f"{{{shown}}}"


def _shape(text: bytes) -> str:
    line = text.partition(b"\n")[0].rstrip().decode("utf-8", "replace")
    kinds = "".join(map(_kind, line[:_LENGTH]))
    return kinds + (_ELLIPSIS if len(line) > _LENGTH else "")


def _kind(character: str) -> str:
    if character.isdigit():
        return "0"
    if character.isalpha():
        return "X" if character.isupper() else "x"
    return character if character.isascii() and character.isprintable() else "?"
