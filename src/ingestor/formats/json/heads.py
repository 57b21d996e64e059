"""What the first bytes of a JSON file say of it: the members of its first object, whatever their order and spacing."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache

from ingestor.errors import UnreadableError
from ingestor.formats.json.cursor import Cursor
from ingestor.formats.json.objects import value_of
from ingestor.formats.limits import BOM, WHITESPACE

_OPEN, _QUOTE, _COLON, _COMMA = b'{":,'


_OF_AN_ENTRY = frozenset(("time", "timestamp", "@timestamp", "@t", "ts", "level", "msg", "message"))


@dataclass(frozen=True, slots=True)
class HeadMembers:
    """By their names, the text of each value; of the last one perhaps only its beginning."""

    texts: dict[str, bytes]

    @property
    def is_of_an_entry(self) -> bool:
        """It has a time, a level or a message of its own: it is no object around entries, whatever else it has."""
        return not _OF_AN_ENTRY.isdisjoint(self.texts)

    def __contains__(self, name: str) -> bool:
        return name in self.texts

    def has(self, *names: str) -> bool:
        return all(name in self.texts for name in names)

    def text_of(self, name: str) -> str:
        """A string; empty if the member is none, or not whole."""
        found = value_of(self.texts.get(name, b""))
        return found if isinstance(found, str) else ""

    def begins_array(self, name: str) -> bool:
        return self.texts.get(name, b"").startswith(b"[")

    def first_of(self, name: str) -> "HeadMembers":
        """The members of the first object in the array under this name."""
        text = self.texts.get(name, b"")
        return members_of(text[1:]) if text.startswith(b"[") else HeadMembers({})


# Six formats ask the same of one head.
@lru_cache(maxsize=4)
def members_of(head: bytes) -> HeadMembers:
    """Of the first object, at the top or first in an array; none where `head` begins otherwise."""
    text = head.removeprefix(BOM).lstrip(WHITESPACE)
    if text.startswith(b"["):
        text = text[1:].lstrip(WHITESPACE)
    found: dict[str, bytes] = {}
    if text.startswith(b"{"):
        cursor = Cursor()
        cursor.data, cursor.at = text, 1
        try:
            while _read_member(cursor, found):
                pass
        except (UnreadableError, RecursionError):
            pass  # what comes before it tells the format; who reads the file says what is wrong
    return HeadMembers(found)


def _read_member(cursor: Cursor, found: dict[str, bytes]) -> bool:
    """False: the object, or what there is of it, has ended."""
    if next(_ahead(cursor), None) == _COMMA:
        cursor.at += 1
    if next(_ahead(cursor), None) != _QUOTE:
        return False
    key, is_whole = _value(cursor)
    name = value_of(key)
    if not is_whole or not isinstance(name, str) or next(_ahead(cursor), None) != _COLON:
        return False
    cursor.at += 1
    if next(_ahead(cursor), None) is None:
        return False
    found[name], is_whole = _value(cursor)
    return is_whole


def _ahead(cursor: Cursor) -> Generator[int]:
    """The next byte, if there is one."""
    step = cursor.byte()
    try:
        next(step)
    except StopIteration as stop:
        yield stop.value


def _value(cursor: Cursor) -> tuple[bytes, bool]:
    """Its text, and whether that is all of it."""
    start = cursor.at
    try:
        next(cursor.value(len(cursor.data)))
    except StopIteration:
        return cursor.data[start : cursor.at], True
    return cursor.data[start:], False
