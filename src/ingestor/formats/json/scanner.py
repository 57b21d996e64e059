"""Where a JSON value ends, by counting brackets outside strings: resumable at any byte, each byte seen once.

It knows nothing of JSON's grammar beyond strings and brackets; what it delimits is parsed afterwards. The patterns
jump over whole runs in C. Their repeats are possessive, or bounded, so that none can backtrack far or pile up
a state for each repeat.
"""

import re
from enum import Enum, auto

from ingestor.formats.limits import DEPTH_LIMIT

QUOTE, BACKSLASH, NEWLINE, COMMA = b'"\\\n,'
OPENERS, CLOSERS = b"{[", b"}]"

_CLOSES_BY = 2
"""`{` + 2 is `}` and `[` + 2 is `]` in ASCII."""

_IN_VALUE = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+"){0,256}')
_IN_LINE = re.compile(rb'(?:[^"{}\[\]\n]++|"[^"\\\n]*+"){0,256}')
_IN_ARRAY = re.compile(rb'(?:[^"{}\[\],]++|"[^"\\]*+"){0,256}')
_IN_STRING = re.compile(rb'(?:[^"\\]++|\\[\x00-\xff]){0,256}')
_IN_LINE_STRING = re.compile(rb'(?:[^"\\\n]++|\\[^\n]){0,256}')
_FAR_BELOW = DEPTH_LIMIT + 64


class Stop(Enum):
    """Why `Balance.advance` returned; `Balance.at` is where."""

    MORE = auto()
    """The data is used up, the value goes on."""
    CLOSED = auto()
    """Just past the end of a value of a sequence."""
    DELIMITER = auto()
    """At the comma or bracket that ends an element of the top-level array."""
    NEWLINE = auto()
    """At a newline inside a value of which each must fit in a line."""
    MISMATCH = auto()
    """At a closing bracket that closes nothing."""


class Balance:
    """The state inside one value. `is_element`: of the top-level array, so that it ends only at a comma or bracket.

    Brackets deeper than the limit are only counted: an entry of 100 MB of `[` must cost no memory.
    """

    __slots__ = ("_depth", "_escaped", "_kinds", "at", "deepest", "in_string", "is_element", "newline_ends")

    def __init__(
        self, *, is_element: bool = False, newline_ends: bool = False, in_string: bool = False
    ) -> None:
        self.is_element = is_element
        self.newline_ends = newline_ends
        self.in_string = in_string
        self.at = 0
        self.deepest = 0
        self._depth = 0
        self._escaped = False
        self._kinds = bytearray()

    def advance(self, data: bytes, at: int) -> Stop:
        """Goes on with `data` from index `at`."""
        self.at = at
        while self.at < len(data):
            stop = self._through_string(data) if self.in_string else self._through_structure(data)
            if stop is not None:
                return stop
        return Stop.MORE

    def _through_string(self, data: bytes) -> Stop | None:
        at, end = self.at, len(data)
        skip = (_IN_LINE_STRING if self.newline_ends else _IN_STRING).match
        if self._escaped and not (self.newline_ends and data[at] == NEWLINE):
            self._escaped = False
            at += 1
        while at < end:
            found = skip(data, at)
            at = found.end() if found else at
            if at == end:
                break
            byte = data[at]
            if byte == QUOTE:
                self.in_string = False
                self.at = at + 1
                return None if self._depth or self.is_element else Stop.CLOSED
            if byte == BACKSLASH and at + 1 == end:
                self._escaped = True
                at = end
            elif self.newline_ends and NEWLINE in data[at : at + 1 + (byte == BACKSLASH)]:
                self.at = at + (byte == BACKSLASH)
                return Stop.NEWLINE
        self.at = at
        return None

    def _through_structure(self, data: bytes) -> Stop | None:
        end = len(data)
        while self.at < end:
            if self._depth > _FAR_BELOW:
                self._through_depths(data)
            found = self._skip().match(data, self.at)
            self.at = found.end() if found else self.at
            if self.at == end:
                break
            byte = data[self.at]
            stop: Stop | None = None
            if byte == QUOTE:
                self.in_string = True
                self.at += 1
                break
            if byte in OPENERS:
                self._open(byte)
            elif byte in CLOSERS:
                stop = self._close(byte)
            elif byte == NEWLINE and self.newline_ends:
                stop = Stop.NEWLINE
            elif byte == COMMA and not self._depth:
                stop = Stop.DELIMITER
            if stop is not None:
                return stop
        return None

    def _skip(self) -> re.Pattern[bytes]:
        if self.newline_ends:
            return _IN_LINE
        return _IN_VALUE if self._depth else _IN_ARRAY

    def _open(self, byte: int) -> None:
        self._depth += 1
        self.at += 1
        self.deepest = max(self.deepest, self._depth)
        if self._depth <= DEPTH_LIMIT:
            self._kinds.append(byte)

    def _close(self, byte: int) -> Stop | None:
        if not self._depth:
            return Stop.DELIMITER if self.is_element and byte == CLOSERS[1] else Stop.MISMATCH
        if self._depth <= DEPTH_LIMIT:
            if byte != self._kinds[-1] + _CLOSES_BY:
                return Stop.MISMATCH
            self._kinds.pop()
        self._depth -= 1
        self.at += 1
        return None if self._depth or self.is_element else Stop.CLOSED

    def _through_depths(self, data: bytes) -> None:
        """So far below the limit that as many bytes can't lead back to it, they need only be counted."""
        end = min(len(data), self.at + self._depth - DEPTH_LIMIT)
        for stop in b'"\n' if self.newline_ends else b'"':
            found = data.find(stop, self.at, end)
            end = end if found < 0 else found
        counted = data[self.at : end]
        self._depth += sum(map(counted.count, OPENERS)) - sum(map(counted.count, CLOSERS))
        self.at = end


def deepest_of(value: bytes) -> int:
    """How deep a valid value is nested."""
    balance = Balance(is_element=True)
    balance.advance(value, 0)
    return balance.deepest
