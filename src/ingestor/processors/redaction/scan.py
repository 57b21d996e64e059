"""The search for names in bytes, many entries at once.

A text without any name is the usual case, and must cost little: to search 600 bytes for three words in any case, one
after another, takes 2 microseconds. So all bytes are translated at once, which is also what makes case no matter: the
rarest letter of each name, and the backslash, to one byte that is in no JSON. A single search for that byte finds all.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from ingestor.processors.redaction.names import ENDS_OF_CREDENTIALS, SecretNames, pattern_of

_RARE = "zqxjkvbwygfpmucdlhrsnioate"
_MARK = "\x01"
_ESCAPE = "escape"


class Scan:
    """`hits` are the places that are a name's, or may be."""

    def __init__(self, names: SecretNames) -> None:
        ends = ENDS_OF_CREDENTIALS if names.credentials else ()
        spellings = [*ends, *(_as_written(name) for name in names.own)]
        self._table = _table({_rarest(each) for each in spellings})
        self._own = {
            position: _Own(re.compile(pattern_of(name).encode()), len(name))
            for position, name in enumerate(names.own, len(ends) + 1)
        }
        # Without groups for each name it takes half the time, and mostly finds nothing.
        self._any = re.compile(self._pattern(spellings, b"(?:%b)")) if spellings else None
        self._which = re.compile(self._pattern(spellings, b"(%b)"))

    def hits(self, text: bytes) -> list[re.Match[bytes]]:
        """In their order. A hit ends where the name ends in `text`; see `is_escaped`."""
        translated = text.translate(self._table)
        if self._any is None or (first := self._any.search(translated)) is None:
            return []
        if not self._own:
            return list(self._any.finditer(translated, first.start()))
        return [hit for hit in self._which.finditer(translated, first.start()) if self._is_name(text, hit)]

    def _is_name(self, text: bytes, hit: re.Match[bytes]) -> bool:
        own = self._own.get(hit.lastindex or 0)
        return own is None or own.pattern.match(text, hit.end() - own.length) is not None

    def _pattern(self, spellings: list[str], group: bytes) -> bytes:
        """The mark, what follows it in each name, and a look behind at what stands before it."""
        alternatives = []
        for spelling in spellings:
            before, mark, after = spelling.encode().translate(self._table).partition(_MARK.encode())
            end = b"%b(?<=%b)" % (re.escape(after), re.escape(before + mark + after))
            alternatives.append(group % end)
        u, d = (re.escape(character.translate(self._table)) for character in (b"u", b"d"))
        digits = re.escape(b"3456789".translate(self._table))
        escape = b"(?P<%b>%b00(?:[%b]|2%b))" % (_ESCAPE.encode(), u, digits, d)
        return _MARK.encode() + b"(?:%b)" % b"|".join([*alternatives, escape])


def is_escaped(hit: re.Match[bytes]) -> bool:
    """A letter, a digit, `-` or `_` written with an escape, as in `\\u0063ookie`: it may be part of a name."""
    return hit.lastgroup is not None


@dataclass(frozen=True, slots=True)
class _Own:
    """One of a rule's own names, which must be a word."""

    pattern: re.Pattern[bytes]
    length: int


@lru_cache(maxsize=16)
def scan_of(names: SecretNames) -> Scan:
    return Scan(names)


def _as_written(name: str) -> str:
    return re.sub("[_ ]", "-", name.lower())


def _rarest(spelling: str) -> str:
    return next((letter for letter in _RARE if letter in spelling), spelling[0])


def _table(letters: set[str]) -> bytes:
    table = bytearray(range(256))
    for upper, lower in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", strict=True):
        table[ord(upper)] = ord(lower)
    table[ord("_")] = table[ord(" ")] = ord("-")
    for letter in [*letters, "\\"]:
        table[ord(letter.upper())] = table[ord(letter.lower())] = ord(_MARK)
    if "-" in letters:
        table[ord("_")] = table[ord(" ")] = ord(_MARK)
    return bytes(table)
