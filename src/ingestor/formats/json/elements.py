"""The elements of one array: many at once where the piece's cut proves right, one by one where it doesn't."""

import re
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Raw

from ingestor.errors import UnreadableError
from ingestor.formats.json import bulk
from ingestor.formats.json.cursor import Cursor, CursorStep
from ingestor.formats.json.fast import FastPath, Stretch
from ingestor.formats.json.judge import judged
from ingestor.formats.json.layout import Layout
from ingestor.formats.json.values import OpenValue
from ingestor.formats.limits import WHITESPACE, Limits
from ingestor.model.entry import Value

_COMMA, _CLOSE = b",]"
_SHORTEST_REACH, _LONGEST_REACH = 4 * 1024, 64 * 1024
_ARRAY = msgspec.json.Decoder(list[Raw])
_ENDS_BEFORE = re.compile(r"trailing characters \(byte (\d+)\)")

type Take = Callable[[Sequence[Value], Sequence[int]], None]
"""Values and where each starts in the uncompressed bytes."""


class Elements:
    """`take` is given them in order."""

    def __init__(self, cursor: Cursor, limits: Limits, take: Take) -> None:
        self._cursor = cursor
        self._limit = limits.max_entry_bytes
        self._fast = FastPath(limits)
        self._take = take
        self._reach = _SHORTEST_REACH
        self._piece = -1
        self._previous_end = 0

    def array(self) -> CursorStep[None]:
        """From behind its opening bracket to behind the closing one. Raises UnreadableError."""
        cursor = self._cursor
        if self._whole():
            return
        is_first, needs_comma = True, False
        while True:
            byte = yield from cursor.byte()
            if byte == _CLOSE and (is_first or needs_comma):
                break
            if byte in (_COMMA, _CLOSE) and not needs_comma:
                self._take([judged(b"", cursor.place, 0)], [cursor.place])
                if byte == _CLOSE:
                    break
            elif needs_comma and byte != _COMMA:
                raise UnreadableError(
                    f"a value at uncompressed byte {cursor.place} follows another without a comma"
                )
            elif not needs_comma:
                yield from self._one_or_many()
                is_first, needs_comma = False, True
                continue
            cursor.at += 1
            is_first, needs_comma = False, False
        cursor.at += 1

    def _whole(self) -> bool:
        """A short array in one go: msgspec says where what it read ends, if there is more behind it."""
        cursor, start = self._cursor, self._cursor.at
        text = cursor.data[start - 1 : start - 1 + self._reach]
        end = _end_of_array(text)
        if end is None:
            self._reach = _SHORTEST_REACH if len(text) < self._reach else min(2 * self._reach, _LONGEST_REACH)
            return False
        self._reach = max(_SHORTEST_REACH, min(2 * end, _LONGEST_REACH))
        inner = text[1 : end - 1].lstrip(WHITESPACE)
        if inner:
            offset = cursor.offset + start + end - 2 - len(inner)
            parsed = bulk.parse(inner.rstrip(WHITESPACE), Layout.ARRAY, offset, self._limit)
            if not isinstance(parsed, bulk.Parsed):
                return False
            self._take_run(parsed)
        cursor.at = start - 1 + end
        return True

    def _one_or_many(self) -> CursorStep[None]:
        cursor = self._cursor
        if self._piece != cursor.offset:
            self._piece, self._previous_end = cursor.offset, 0
            self._fast.begin_window()
        self._fast.learn(cursor.data, self._previous_end, cursor.at)
        stretch = Stretch(cursor.data, cursor.offset, Layout.ARRAY, is_final=False)
        parsed = self._fast.parse(stretch, cursor.at)
        if parsed is not None:
            self._take_run(parsed)
            cursor.at += parsed.length
        else:
            yield from self._exactly_one()
        self._previous_end = cursor.at

    def _take_run(self, parsed: bulk.Parsed) -> None:
        run = parsed.run
        self._take(run.values, [run.offset_of(index) for index in range(len(run.values))])

    def _exactly_one(self) -> CursorStep[None]:
        cursor = self._cursor
        value = OpenValue(Layout.ARRAY, cursor.data[cursor.at], cursor.place, self._limit)
        found = value.go_on(cursor.data, cursor.at, cursor.offset, Layout.ARRAY)
        cursor.at = value.at
        while found is None:
            yield
            found = value.go_on(cursor.data, cursor.at, cursor.offset, Layout.ARRAY)
            cursor.at = value.at
        self._take([found], [value.offset])


def _end_of_array(text: bytes) -> int | None:
    """Just past its closing bracket; None: it doesn't end in `text`, or not there alone."""
    try:
        _ARRAY.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        place = _ENDS_BEFORE.search(str(error))
        return len(text[: int(place[1]) - 1].rstrip(WHITESPACE)) if place else None  # msgspec counts from 1
    return len(text.rstrip(WHITESPACE))
