"""What kind of file it is, decided from its head alone, so that a resumed worker decides the same."""

import re
from enum import Enum, auto

from ingestor.formats.json.scanner import Balance, Stop
from ingestor.formats.limits import WHITESPACE

_NOT_WHITESPACE = re.compile(rb"[^ \t\r\n]")


class Layout(Enum):
    ARRAY = auto()
    """A top-level array, or several after one another."""
    LINES = auto()
    """Values each within one line; several to a line are allowed. A line is where reading starts afresh."""
    MULTILINE = auto()
    """Values that span lines, delimited by their brackets alone."""


class Decider:
    """Fed the bytes from the first on, BOM removed, until `layout` is known.

    `head` says so where they don't begin like JSON: then they are lines.
    `[` first is an array. Else it is the first newline inside the first value that tells a pretty-printed value from
    a line that was cut: what follows it is the inside of an object, or the start of the next line. A raw newline in a
    string is never JSON, so that is a cut line too.
    """

    def __init__(self) -> None:
        self.layout: Layout | None = None
        self.peeks = False
        """The newline was the last byte: the next one decides."""
        self._first: Balance | None = None

    def feed(self, data: bytes) -> None:
        at = 0
        if self._first is None:
            found = _NOT_WHITESPACE.search(data)
            if found is None:
                return
            at = found.start()
            self._begin(data[at])
        if self._first is not None and self.layout is None:
            self._scan(self._first, data, at)

    def finish(self) -> None:
        """The end of the file without a decision: nothing follows that could be the inside of an object."""
        self.layout = self.layout or Layout.LINES
        self.peeks = False

    def _begin(self, first_byte: int) -> None:
        if first_byte == ord("["):
            self.layout = Layout.ARRAY
        elif first_byte == ord("{"):
            self._first = Balance(newline_ends=True)
        else:
            self.layout = Layout.LINES

    def _scan(self, first: Balance, data: bytes, at: int) -> None:
        if not self.peeks:
            stop = first.advance(data, at)
            if stop is Stop.MORE:
                return
            at = first.at + 1
            if stop is not Stop.NEWLINE or first.in_string:
                self.layout = Layout.LINES
                return
            self.peeks = True
        if at < len(data):
            self.peeks = False
            self.layout = Layout.MULTILINE if data[at] in WHITESPACE + b'"}]' else Layout.LINES
