"""Reading JSON piece by piece: each step is a generator that yields where it needs the next piece of the file."""

import re
from collections.abc import Generator

from ingestor.errors import UnreadableError
from ingestor.formats.json.scanner import OPENERS, QUOTE, Balance, Stop
from ingestor.formats.json.values import unbalanced

type CursorStep[T] = Generator[None, None, T]

_SPACE = re.compile(rb"[ \t\r\n]*+")
_WORD = re.compile(rb'[^ \t\r\n,:{}\[\]"]*+')
# Bounded, so that sre keeps few states; a longer string is read the exact way.
_STRING = re.compile(rb'"[^"\\]*+(?:\\[^\n][^"\\]*+){0,64}+"')


class Cursor:
    """`at` is an index of `data`, which starts at uncompressed byte `offset`: all three are others after a yield."""

    def __init__(self) -> None:
        self.data = b""
        self.at = 0
        self.offset = 0

    def move_on(self, data: bytes) -> None:
        """All of the piece before is used up."""
        self.offset += len(self.data)
        self.data, self.at = data, 0

    @property
    def place(self) -> int:
        return self.offset + self.at

    def byte(self) -> CursorStep[int]:
        """The next byte that is no whitespace; it is not used up."""
        while True:
            found = _SPACE.match(self.data, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.data):
                return self.data[self.at]
            yield

    def value(self, limit: int) -> CursorStep[bytes | None]:
        """The text of the value that begins here; None: it is longer than `limit`, and was not held."""
        found = _STRING.match(self.data, self.at)
        if found is not None:
            self.at = found.end()
            return found[0] if len(found[0]) <= limit else None
        parts: list[bytes] = []
        length = 0
        ending = (
            _word_end(self) if self.data[self.at] not in OPENERS + bytes([QUOTE]) else _balanced_end(self)
        )
        while True:
            start = self.at
            is_whole = next(ending)
            length += self.at - start
            if length <= limit:
                parts.append(self.data[start : self.at])
            if is_whole:
                return b"".join(parts) if length <= limit else None
            yield

    def unexpected(self) -> UnreadableError:
        return UnreadableError(
            f"at uncompressed byte {self.place} there is something that has no place in an object; the rest has no "
            "unique reading: correct the file and upload it again"
        )


def _word_end(cursor: Cursor) -> Generator[bool]:
    """A number or a literal ends before whatever is no part of one."""
    start = cursor.place
    while True:
        found = _WORD.match(cursor.data, cursor.at)
        cursor.at = found.end() if found else cursor.at
        if cursor.place == start:
            raise cursor.unexpected()
        yield cursor.at < len(cursor.data)


def _balanced_end(cursor: Cursor) -> Generator[bool]:
    is_string = cursor.data[cursor.at] == QUOTE
    balance = Balance(in_string=is_string)
    skipped = int(is_string)
    while True:
        stop = balance.advance(cursor.data, cursor.at + skipped)
        cursor.at, skipped = balance.at, 0
        if stop is Stop.MISMATCH:
            raise unbalanced(cursor.place)
        yield stop is Stop.CLOSED
