"""Where to cut a window so that many entries can be parsed at once.

Only balanced text parses, so success is the proof that the cut was at the top level. A failed attempt costs no more
than the bytes it looked at: after it the exact scanner goes past the place of the error, and the next attempt looks
no further than twice the progress made. So the whole stays linear in the file's bytes, whatever they are.
"""

import re
from dataclasses import dataclass

from ingestor.formats.json import bulk
from ingestor.formats.json.layout import Layout
from ingestor.formats.limits import WHITESPACE, Limits

_HEAD = re.compile(rb"[^:,}]{1,64}:")
_GAP_LIMIT = 64
_BRACE = ord("{")

_SHORTEST_REACH, _FIRST_REACH, _LONGEST_REACH = 4 * 1024, 64 * 1024, 1024 * 1024
"""How far an attempt may look. The longest bounds the objects of one run: `{},` for 1 MiB are 350,000."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A window's bytes, the first of them at uncompressed `offset`; `is_final`: the file ends with them."""

    data: bytes
    offset: int
    layout: Layout
    is_final: bool


class FastPath:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._reach = _FIRST_REACH
        self._exact_until = 0
        self._separator = b""
        self._marker = b""

    def begin_window(self) -> None:
        self._exact_until = 0

    def learn(self, data: bytes, previous_end: int, start: int) -> None:
        """A value begins at `start`, the one before it ended at `previous_end`: how entries follow one another."""
        gap = data[max(previous_end - 1, 0) : start]
        if data[start] == _BRACE and gap.startswith(b"}") and len(gap) <= _GAP_LIMIT:
            head = _HEAD.match(data, start)
            self._separator = gap + b"{"
            self._marker = gap + (head[0] if head else b"{")

    def parse(self, stretch: Stretch, at: int) -> bulk.Parsed | None:
        """From the start of a value at index `at`. None: the exact scanner takes the next one."""
        if at < self._exact_until:
            return None
        limit = min(len(stretch.data), at + self._reach)
        cut = self._last_cut(stretch, at, limit)
        if cut <= at:
            self._exact_until = limit if self._marker else at + 1
            self._reach = min(self._reach * 4, _LONGEST_REACH)
            return None
        outcome = self._attempt(stretch, at, cut)
        if isinstance(outcome, bulk.NotParsed):
            cut = self._cut_before(stretch, at, at + outcome.at)
            outcome = self._attempt(stretch, at, cut) if cut > at else outcome
        return outcome if isinstance(outcome, bulk.Parsed) else None

    def _attempt(self, stretch: Stretch, at: int, cut: int) -> bulk.Parsed | bulk.NotParsed:
        text = stretch.data[at:cut]
        outcome = bulk.parse(text, stretch.layout, stretch.offset + at, self._limits.max_entry_bytes)
        if isinstance(outcome, bulk.NotParsed):
            self._be_careful(at, outcome.at)
        elif not outcome.is_whole:
            self._be_careful(at, outcome.length)
        elif at + outcome.length > self._exact_until:
            enough = 2 * self._limits.chunk_rows * outcome.length // len(outcome.run.values)
            self._reach = max(min(self._reach * 4, enough, _LONGEST_REACH), _SHORTEST_REACH)
        return outcome

    def _be_careful(self, at: int, progress: int) -> None:
        # Never less than an attempt looks at: else a number after each object costs an attempt for each.
        self._exact_until = max(self._exact_until, at + progress + 1, at + _SHORTEST_REACH)
        self._reach = max(min(self._reach, 2 * progress), _SHORTEST_REACH)

    def _last_cut(self, stretch: Stretch, at: int, limit: int) -> int:
        data = stretch.data
        if stretch.layout is Layout.LINES:
            newline = data.rfind(b"\n", at, limit)
            if newline > at:
                return newline
        elif stretch.is_final and limit == len(data):
            if stretch.layout is Layout.MULTILINE:
                return limit
            rest = data[at:].rstrip(WHITESPACE)
            if rest.endswith(b"]"):
                return at + len(rest) - 1
        found = data.rfind(self._marker, at, limit) if self._marker else -1
        if self._marker and found < (at + limit) // 2:
            found = max(found, data.rfind(self._separator, at, limit))
        return found + 1

    def _cut_before(self, stretch: Stretch, at: int, failed_at: int) -> int:
        if stretch.layout is Layout.LINES:
            newline = stretch.data.rfind(b"\n", at, failed_at)
            if newline > at:
                return newline
        return stretch.data.rfind(self._marker, at, failed_at) + 1 if self._marker else 0
