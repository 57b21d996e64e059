"""The windows of one file in, its batches out: what is between the values, and which path takes the next ones."""

import re
from collections.abc import Generator, Iterator
from enum import Enum, auto
from typing import assert_never

from ingestor.errors import UnreadableError
from ingestor.formats.framing.batching import Batching
from ingestor.formats.json.fast import FastPath, Stretch
from ingestor.formats.json.judge import judged
from ingestor.formats.json.layout import Layout
from ingestor.formats.json.values import OpenValue
from ingestor.formats.json.windows import Window
from ingestor.formats.limits import Limits
from ingestor.model.entry import Batch, Malformed, Value, size_of

_SPACE = re.compile(rb"[ \t\r\n]*+")
_OPEN, _CLOSE, _COMMA = b"[],"


class _Place(Enum):
    """Of an array: what may come next."""

    OUTSIDE = auto()
    AFTER_BRACKET = auto()
    AFTER_COMMA = auto()
    AFTER_VALUE = auto()


class Entries:
    """Resumes after the entry `ordinal` - 1, which ended at `end_offset`; at the start of the file when both are 0."""

    def __init__(self, limits: Limits, ordinal: int, end_offset: int) -> None:
        self.batching = Batching(limits, ordinal, end_offset)
        self._limits = limits
        self._fast = FastPath(limits)
        self._place = _Place.AFTER_VALUE if ordinal else _Place.OUTSIDE
        self._open: OpenValue | None = None

    def of(self, window: Window) -> Iterator[Batch]:
        """The batches that are full. Raises UnreadableError at the byte from which there is no unique reading."""
        data, at, previous_end = window.data, 0, 0
        self._fast.begin_window()
        while at < len(data):
            if self._open is None:
                at = yield from self._between(window, at)
                if at == len(data):
                    return
                self._fast.learn(data, previous_end, at)
                past = yield from self._many(window, at)
                if past > at:
                    at = previous_end = past
                    continue
                self._open = OpenValue(
                    window.layout, data[at], window.offset + at, self._limits.max_entry_bytes
                )
            value = self._open.go_on(data, at, window.offset, window.layout)
            at = previous_end = self._open.at
            if value is not None:
                yield from self._close(value, self._open.offset)

    def finish(self, window: Window) -> Iterator[Batch]:
        """After the file's last window. Raises UnreadableError when the file ends where it may not."""
        end = window.offset + len(window.data)
        if self._open is not None:
            yield from self._close(self._open.at_end(end, window.layout), self._open.offset)
        if window.layout is Layout.ARRAY and self._place is not _Place.OUTSIDE:
            raise UnreadableError(
                f"truncated: the file ends inside its array, at uncompressed byte {end}; upload the whole file again"
            )

    def _many(self, window: Window, at: int) -> Generator[Batch, None, int]:
        """Index of the window past the values parsed together; `at` when there are none."""
        if window.layout is None:
            return at
        parsed = self._fast.parse(Stretch(window.data, window.offset, window.layout, window.is_final), at)
        if parsed is None:
            return at
        end = at + parsed.length
        yield from self.batching.add_run(parsed.run, window.offset + end, parsed.length)
        self._place = _Place.AFTER_VALUE
        return end

    def _close(self, value: Value, offset: int) -> Iterator[Batch]:
        held = len(value.raw) if isinstance(value, Malformed) else size_of(value)
        yield from self.batching.add(value, offset, held)
        self._place = _Place.AFTER_VALUE
        self._open = None

    def _between(self, window: Window, at: int) -> Generator[Batch, None, int]:
        """Index of the window where the next value starts, or its length."""
        data = window.data
        while True:
            found = _SPACE.match(data, at)
            at = found.end() if found else at
            if at == len(data) or window.layout is not Layout.ARRAY:
                return at
            byte = data[at]
            if self._is_missing_one(byte):
                yield from self._close(judged(b"", window.offset + at, 0), window.offset + at)
            following = self._place_after(byte, window.offset + at)
            if following is None:
                return at
            self._place = following
            at += 1

    def _is_missing_one(self, byte: int) -> bool:
        """`[,`, `,,` and `,]`: an entry of no length. `[]` is an empty array."""
        if self._place is _Place.AFTER_BRACKET:
            return byte == _COMMA
        return self._place is _Place.AFTER_COMMA and byte in (_COMMA, _CLOSE)

    def _place_after(self, byte: int, offset: int) -> _Place | None:
        """None: a value begins here."""
        match self._place:
            case _Place.OUTSIDE:
                if byte != _OPEN:
                    raise UnreadableError(
                        f"at uncompressed byte {offset}, after the array's end, there is something that is no array; "
                        "remove it, or write entries one to a line without an array around them"
                    )
                return _Place.AFTER_BRACKET
            case _Place.AFTER_BRACKET | _Place.AFTER_COMMA | _Place.AFTER_VALUE:
                if byte == _COMMA:
                    return _Place.AFTER_COMMA
                if byte == _CLOSE:
                    return _Place.OUTSIDE
                if self._place is _Place.AFTER_VALUE:
                    raise UnreadableError(
                        f"a value at uncompressed byte {offset} follows another without a comma"
                    )
                return None
            case _:
                assert_never(self._place)
