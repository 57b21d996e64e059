"""Framings of text: a line is an entry, or a group of lines that begins with one of a certain form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from msgspec import Raw

from ingestor.formats.framing import Frames
from ingestor.formats.limits import Limits
from ingestor.formats.repair import is_utf8
from ingestor.model.entry import RAW_LIMIT, InContext, Malformed, Repaired, Value

_NUL = b"\0"


class Directives(Protocol):
    """Which lines are no entries (headers, comments, control lines), and what a header says of the entries after it."""

    prefixes: tuple[bytes, ...]
    """Asked about: lines that begin so, and the first line of the file."""
    context: object
    """What the parser of the following entries needs to read them; None: nothing."""

    def take(self, line: bytes, /) -> bool:
        """False: the line is an entry."""
        ...


class NoDirectives:
    prefixes: tuple[bytes, ...] = ()
    context: object = None

    def take(self, line: bytes, /) -> bool:  # noqa: ARG002 - every line is an entry
        return False


@dataclass(frozen=True, slots=True)
class Overlong:
    """A line that is longer than the limit: `raw` is its beginning."""

    raw: bytes
    length: int


class LineSplitter:
    """Whole lines, without their line feeds, and where each starts. A line over the limit is counted, not held."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._held = 0
        self._length = 0
        self._offset = 0

    def feed(self, data: bytes) -> tuple[list[bytes | Overlong], list[int]]:
        first, newline, rest = data.partition(b"\n")
        self._hold(first)
        if not newline:
            return [], []
        lines: list[bytes | Overlong] = [self._taken()]
        offsets = [self._offset]
        at = self._offset + self._length + 1
        *whole, last = rest.split(b"\n")
        for line in whole:
            offsets.append(at)
            at += len(line) + 1
            lines.append(line if len(line) <= self._max_bytes else Overlong(line[:RAW_LIMIT], len(line)))
        self._offset = at
        self._length = self._held = 0
        self._parts = []
        self._hold(last)
        return lines, offsets

    def finish(self) -> tuple[list[bytes | Overlong], list[int]]:
        """The last line, which has no end."""
        return ([self._taken()], [self._offset]) if self._length else ([], [])

    def _hold(self, part: bytes) -> None:
        self._length += len(part)
        room = max(self._max_bytes if self._length <= self._max_bytes else RAW_LIMIT, RAW_LIMIT) - self._held
        if part and room > 0:
            self._parts.append(part[:room])
            self._held += len(self._parts[-1])

    def _taken(self) -> bytes | Overlong:
        line = b"".join(self._parts)
        return line if self._length <= self._max_bytes else Overlong(line[:RAW_LIMIT], self._length)


def text_value(text: bytes, context: object = None) -> Value:
    """An entry of text: as it is, or repaired where PostgreSQL could not hold it (NUL, invalid UTF-8)."""
    if _NUL in text or not is_utf8(text):
        return Repaired(readable(text), text, context)
    return Raw(text) if context is None else InContext(Raw(text), context)


def readable(text: bytes) -> bytes:
    return text.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}").encode()


class Lines:
    """Each line that is not blank, and that `directives` does not take, is an entry."""

    def __init__(self, limits: Limits, directives: Directives | None = None) -> None:
        self._limit = limits.max_entry_bytes
        self._splitter = LineSplitter(limits.max_entry_bytes)
        self._directives = directives or NoDirectives()
        self._is_first = True

    def feed(self, data: bytes, /) -> Frames:
        lines, offsets = self._splitter.feed(data)
        if not lines:
            return Frames([], [])
        first = _text(lines[0])  # perhaps it began in an earlier piece
        is_clean = data.isascii() and first.isascii() and _NUL not in data and _NUL not in first
        return self._entries(lines, offsets, is_clean=is_clean)

    def finish(self) -> Frames:
        lines, offsets = self._splitter.finish()
        return self._entries(lines, offsets, is_clean=False)

    def _entries(self, lines: list[bytes | Overlong], offsets: list[int], *, is_clean: bool) -> Frames:
        values: list[Value] = []
        places: list[int] = []
        directives = self._directives
        prefixes = directives.prefixes
        for line, offset in zip(lines, offsets, strict=True):
            if isinstance(line, Overlong):
                self._is_first = False
                values.append(overlong(line, offset, self._limit))
                places.append(offset)
                continue
            text = line[:-1] if line.endswith(b"\r") else line
            if not text or text.isspace():
                continue
            if self._is_first or (prefixes and text.startswith(prefixes)):
                self._is_first = False
                if directives.take(text):
                    continue
            context = directives.context
            if is_clean:
                values.append(Raw(text) if context is None else InContext(Raw(text), context))
            else:
                values.append(text_value(text, context))
            places.append(offset)
        return Frames(values, places)


class Groups:
    """Lines from one that matches `first_line` to the next such line are one entry, joined by their line ends.

    Lines before the first match are an entry of their own, each.
    """

    def __init__(self, limits: Limits, first_line: Callable[[bytes], object]) -> None:
        self._limit = limits.max_entry_bytes
        self._splitter = LineSplitter(limits.max_entry_bytes)
        self._begins = first_line
        self._group: list[bytes] = []
        self._offset = 0
        self._length = 0

    def feed(self, data: bytes, /) -> Frames:
        return self._grouped(*self._splitter.feed(data))

    def finish(self) -> Frames:
        frames = self._grouped(*self._splitter.finish())
        self._close(frames)
        return frames

    def _grouped(self, lines: list[bytes | Overlong], offsets: list[int]) -> Frames:
        frames = Frames([], [])
        for line, offset in zip(lines, offsets, strict=True):
            text = _text(line)
            length = line.length if isinstance(line, Overlong) else len(line)
            if not self._group or self._begins(text):
                self._close(frames)
                if not text or text.isspace():
                    continue
                self._offset = offset
            self._length = offset + length - self._offset
            if self._length <= self._limit + RAW_LIMIT:
                self._group.append(text)
        return frames

    def _close(self, frames: Frames) -> None:
        if not self._group:
            return
        text = b"\n".join(self._group).rstrip()
        if self._length > self._limit:
            value: Value = overlong(Overlong(text[:RAW_LIMIT], self._length), self._offset, self._limit)
        else:
            value = text_value(text)
        frames.values.append(value)
        frames.offsets.append(self._offset)
        self._group, self._length = [], 0


def overlong(line: Overlong, offset: int, limit: int) -> Malformed:
    return Malformed(f"larger than {limit} bytes (MAX_ENTRY_BYTES)", offset, line.length, line.raw)


def _text(line: bytes | Overlong) -> bytes:
    return line.raw if isinstance(line, Overlong) else line
