"""The elements of one array: many at once where the piece's cut proves right, one by one where it doesn't."""

from collections.abc import Callable, Sequence

from ingestor.errors import UnreadableError
from ingestor.formats.json.cursor import Cursor, Step
from ingestor.formats.json.fast import FastPath, Stretch
from ingestor.formats.json.judge import judged
from ingestor.formats.json.layout import Layout
from ingestor.formats.json.values import OpenValue
from ingestor.formats.limits import Limits
from ingestor.model.entry import Value

_COMMA, _CLOSE = b",]"

type Take = Callable[[Sequence[Value], Sequence[int]], None]
"""Values and where each starts in the uncompressed bytes."""


class Elements:
    """`take` is given them in order."""

    def __init__(self, cursor: Cursor, limits: Limits, take: Take) -> None:
        self._cursor = cursor
        self._limit = limits.max_entry_bytes
        self._fast = FastPath(limits)
        self._take = take
        self._piece = -1
        self._previous_end = 0

    def array(self) -> Step[None]:
        """From behind its opening bracket to behind the closing one. Raises UnreadableError."""
        cursor = self._cursor
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

    def _one_or_many(self) -> Step[None]:
        cursor = self._cursor
        if self._piece != cursor.offset:
            self._piece, self._previous_end = cursor.offset, 0
            self._fast.begin_window()
        self._fast.learn(cursor.data, self._previous_end, cursor.at)
        stretch = Stretch(cursor.data, cursor.offset, Layout.ARRAY, is_final=False)
        parsed = self._fast.parse(stretch, cursor.at)
        if parsed is not None:
            run = parsed.run
            self._take(run.values, [run.offset_of(index) for index in range(len(run.values))])
            cursor.at += parsed.length
        else:
            yield from self._exactly_one()
        self._previous_end = cursor.at

    def _exactly_one(self) -> Step[None]:
        cursor = self._cursor
        value = OpenValue(Layout.ARRAY, cursor.data[cursor.at], cursor.place, self._limit)
        found = value.go_on(cursor.data, cursor.at, cursor.offset, Layout.ARRAY)
        cursor.at = value.at
        while found is None:
            yield
            found = value.go_on(cursor.data, cursor.at, cursor.offset, Layout.ARRAY)
            cursor.at = value.at
        self._take([found], [value.offset])
