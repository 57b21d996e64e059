"""Objects whose inner array holds the entries: `{"Records": [entry, entry, …]}`, of any size, in flat memory.

The objects follow one another with or without whitespace between them; their members stand in any order. Each element
of the array is an entry, byte for byte, with its place in the file. What the objects around it say is its context: the
members named as `kept`, whether they stand before the array or behind it. For that, elements are held until the
outermost object ends, or until HELD_BYTES of them are: then they get what has been said so far.

What has no unique reading ends the file with UnreadableError, after the entries before it. An object without the array
is a malformed entry, unless it is known as a control file or message.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from ingestor.errors import UnreadableError
from ingestor.formats.framing import Frames
from ingestor.formats.json.cursor import Cursor, CursorStep
from ingestor.formats.json.elements import Elements
from ingestor.formats.json.holding import Holding
from ingestor.formats.json.judge import NOT_AN_OBJECT, malformed
from ingestor.formats.json.objects import value_of
from ingestor.formats.limits import Limits
from ingestor.formats.mapping import Fields
from ingestor.model.entry import RAW_LIMIT

_OPEN, _CLOSE, _OPEN_ARRAY, _CLOSE_ARRAY, _COMMA, _COLON, _QUOTE, _NEWLINE = b'{}[],:"\n'
_LONGEST_KEY = 256
_VALUES_KEPT = 256
# With its comma and the quote of the next one, so that what may follow a comma is not decided here.
_SIMPLE_MEMBER = re.compile(
    rb'"(?P<key>[^"\\]{0,256})"[ \t\r\n]*+:[ \t\r\n]*+'
    rb'(?P<value>"[^"\\]{0,1024}"|[^ \t\r\n,:{}\[\]"]{1,64}+|\["[^"\\]{0,256}"\])[ \t\r\n]*+,[ \t\r\n]*+(?=")'
)
_decode_key = msgspec.json.Decoder(str).decode


def never_control(_members: Fields) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ExpandedLevel:
    """An object whose array is under `key`; `kept` are the members that its elements' context holds."""

    key: str
    kept: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Expansion:
    """`levels`, the outermost first; the elements of the last one's array are the entries.

    An entry's context is a tuple of the levels' kept members, or None without `in_context`: then no element is held.
    `is_control` is asked with those of an outermost object when it has ended: what is held of it is no entry then.
    """

    levels: tuple[ExpandedLevel, ...]
    in_context: bool = True
    is_control: Callable[[Fields], bool] = never_control

    def framing(self, limits: Limits) -> "Expand":
        return Expand(self, limits)


class Expand:
    """A `Framing`."""

    def __init__(self, expansion: Expansion, limits: Limits) -> None:
        self._expansion = expansion
        self._limit = limits.max_entry_bytes
        self._cursor = Cursor()
        self._holding = Holding(in_context=expansion.in_context)
        self._elements = Elements(self._cursor, limits, self._holding.take)
        self._start: int | None = None
        self._begin = b""
        self._values: dict[bytes, object] = {}
        self._is_foreign = False
        self._steps = self._objects()

    def feed(self, data: bytes, /) -> Frames:
        if not data:
            return Frames([], [])
        if self._start is not None:
            self._begin = self._begun(self._start, len(self._cursor.data))
        self._cursor.move_on(data)
        try:
            next(self._steps)
        except UnreadableError as error:
            return self._holding.give(error)
        return self._holding.give()

    def finish(self) -> Frames:
        if self._start is None:
            return Frames([], [])
        self._cursor.at = len(self._cursor.data)
        if self._is_foreign:
            self._take_malformed(NOT_AN_OBJECT, self._start)
            self._holding.release()
            return self._holding.give()
        return self._holding.give(
            UnreadableError(
                f"truncated: the object that starts at uncompressed byte {self._start} is not closed when the file "
                f"ends at byte {self._cursor.place}; upload the whole file again"
            )
        )

    def _objects(self) -> CursorStep[None]:
        cursor = self._cursor
        while True:
            byte = yield from cursor.byte()
            self._start, self._begin = cursor.place, b""
            if byte == _OPEN:
                yield from self._outermost(self._start)
            else:
                yield from self._foreign(self._start)
            self._holding.release()
            self._start = None

    def _outermost(self, start: int) -> CursorStep[None]:
        has_array, members = yield from self._object(0)
        if self._expansion.is_control(members):
            self._holding.drop()
        elif not has_array:
            reason = f"an object without an array `{self._expansion.levels[0].key}`"
            self._take_malformed(reason, start)

    def _foreign(self, start: int) -> CursorStep[None]:
        """A line that is no object."""
        cursor, self._is_foreign = self._cursor, True
        while (newline := cursor.data.find(b"\n", cursor.at)) < 0:
            yield
        cursor.at = newline
        self._take_malformed(NOT_AN_OBJECT, start)
        self._is_foreign = False

    def _object(self, depth: int) -> CursorStep[tuple[bool, Fields]]:
        """Whether the array was there, and the kept members."""
        cursor, level = self._cursor, self._expansion.levels[depth]
        self._holding.enter()
        has_array = False
        cursor.at += 1
        byte = yield from cursor.byte()
        while byte != _CLOSE:
            if self._simple_member(level):
                continue
            key = yield from self._key(byte)
            byte = yield from cursor.byte()
            if key == level.key and byte == _OPEN_ARRAY:
                has_array = True
                yield from self._array(depth)
            elif key in level.kept:
                text = yield from cursor.value(self._limit)
                self._holding.say(key, None if text is None else value_of(text))
            else:
                yield from cursor.value(0)
            byte = yield from self._next(_CLOSE)
        cursor.at += 1
        return has_array, self._holding.leave()

    def _simple_member(self, level: ExpandedLevel) -> bool:
        """What most members are, and what the steps below would read it as, in a twentieth of the time."""
        cursor = self._cursor
        found = _SIMPLE_MEMBER.match(cursor.data, cursor.at)
        if found is None or found["key"] == level.key.encode():
            return False
        key, text = found["key"].decode("utf-8", "replace"), found["value"]
        if key in level.kept:
            self._holding.say(key, self._value_of(text) if len(text) <= self._limit else None)
        cursor.at = found.end()
        return True

    def _value_of(self, text: bytes) -> object:
        """The same few of each object: whose log group it is."""
        if text not in self._values:
            if len(self._values) >= _VALUES_KEPT:
                self._values.clear()
            self._values[text] = value_of(text)
        return self._values[text]

    def _key(self, byte: int) -> CursorStep[str]:
        cursor = self._cursor
        if byte != _QUOTE:
            raise cursor.unexpected()
        text = yield from cursor.value(_LONGEST_KEY)
        if (yield from cursor.byte()) != _COLON:
            raise cursor.unexpected()
        cursor.at += 1
        try:
            return _decode_key(text or b'""')
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ""

    def _array(self, depth: int) -> CursorStep[None]:
        cursor = self._cursor
        cursor.at += 1
        if depth + 1 == len(self._expansion.levels):
            yield from self._elements.array()
            return
        byte = yield from cursor.byte()
        while byte != _CLOSE_ARRAY:
            start = cursor.place
            if byte == _OPEN:
                yield from self._object(depth + 1)
            else:
                text = yield from cursor.value(RAW_LIMIT)
                self._holding.take(
                    [malformed(NOT_AN_OBJECT, start, text or b"", cursor.place - start)], [start]
                )
            byte = yield from self._next(_CLOSE_ARRAY)
        cursor.at += 1

    def _next(self, closing: int) -> CursorStep[int]:
        """Past a comma to what follows it, or to the closing bracket."""
        byte = yield from self._cursor.byte()
        if byte == closing:
            return byte
        if byte != _COMMA:
            raise self._cursor.unexpected()
        self._cursor.at += 1
        byte = yield from self._cursor.byte()
        if byte == closing:
            raise self._cursor.unexpected()
        return byte

    def _take_malformed(self, reason: str, start: int) -> None:
        """What began at `start`, up to here."""
        text = self._begun(start, self._cursor.at)
        self._holding.take([malformed(reason, start, text, self._cursor.place - start)], [start])

    def _begun(self, start: int, end: int) -> bytes:
        """Its first bytes: those of earlier pieces, and those of this one before index `end`."""
        if len(self._begin) >= RAW_LIMIT:
            return self._begin
        first = max(start - self._cursor.offset, 0)
        return self._begin + self._cursor.data[first : min(end, first + RAW_LIMIT)]
