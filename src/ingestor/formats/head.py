"""A file that is no log in a known format is refused whole, by its first bytes, instead of as rejected entries.

What begins like JSON passes at once. Anything else is held until it can be told, for a log may begin otherwise:
with the banner of what wrote it, with the end of an entry whose beginning is in another file, with NUL where a file was
truncated under its writer.
"""

import codecs
import re
from collections.abc import Iterator
from enum import Enum, auto

from ingestor.errors import IngestorError, UnreadableError
from ingestor.formats.json.judge import NOT_AN_OBJECT, judged
from ingestor.formats.json.layout import Decider, Layout
from ingestor.formats.json.scanner import Balance, Stop
from ingestor.formats.limits import BOM, WHITESPACE
from ingestor.formats.signatures import Kind, kind_of, kind_of_text
from ingestor.model.entry import Malformed

HEAD_BYTES = 1024 * 1024
"""As much text without an entry is no log."""

_PIECE_BYTES = 128 * 1024
_QUOTED_BYTES = 4
_NO_LOG = "no log in a known format"
_NOT_WHITESPACE = re.compile(rb"[^ \t\r\n]")
_OBJECT_ON_A_LINE = re.compile(rb'^[ \t\r]*+(?=\{[ \t\r]*+")', re.MULTILINE)
# Text may hold the controls that colour it or turn a page.
# "[INFO] ready" and "[2026-11-23 11:20:55,268] [main] ready": as an array it would be followed by what is no array.
_TAGS = re.compile(rb'(?:\[[^\[\]{}"\n]*+\][ \t]*+)++[^ \t\r\n\[]')
_PERHAPS_TAGS = re.compile(rb'(?:\[[^\[\]{}"\n]*+\][ \t]*+)*+(?:\[[^\[\]{}"\n]*+)?')
_TAGS_BYTES = 1024
_CONTROL = re.compile(rb"[\0-\x07\x0e-\x1a\x1c-\x1f\x7f]")


class Beginning(Enum):
    UNKNOWN = auto()
    JSON = auto()
    OTHER = auto()


def of_log(pieces: Iterator[bytes], decider: Decider) -> Iterator[bytes]:
    """The same bytes, and an empty piece for each that is held. Raises UnreadableError that says what is no log.

    Tells `decider` that what doesn't begin like JSON is read line by line.
    """
    head = Head()
    failure: IngestorError | None = None
    try:
        while not head.is_enough and (piece := next(pieces, None)) is not None:
            head.add(piece)
            yield b""
    except IngestorError as error:
        failure = error
    if head.beginning is Beginning.OTHER:
        if failure is not None and not isinstance(failure, UnreadableError):
            # There is more of it, and it can't be told without.
            raise failure
        refusal = refusal_of(head.told_by, is_whole=not head.is_full)
        if refusal is not None:
            raise failure or refusal
        decider.layout = Layout.LINES
    yield from head.pieces()
    if failure is not None:
        raise failure
    yield from _with_something_else(pieces, head.length) if head.is_only_nul else pieces


class Head:
    """The first bytes, until they begin like JSON, or are as many as are looked at."""

    def __init__(self) -> None:
        self.beginning = Beginning.UNKNOWN
        self._bytes = bytearray()
        self._start = 0

    def add(self, piece: bytes) -> None:
        self._bytes += piece
        if self.beginning is not Beginning.UNKNOWN:
            return
        mark = bytes(self._bytes[: len(BOM)])
        if mark == BOM:
            self._start = max(self._start, len(BOM))
        elif BOM.startswith(mark):
            return
        found = _NOT_WHITESPACE.search(self._bytes, self._start, HEAD_BYTES)
        self._start = found.start() if found else min(self.length, HEAD_BYTES)
        first = self._bytes[self._start : min(self._start + _TAGS_BYTES, HEAD_BYTES)]
        self.beginning = _beginning_of(bytes(first))

    @property
    def told_by(self) -> bytes:
        """Never more than HEAD_BYTES, wherever the pieces were cut."""
        return bytes(self._bytes[:HEAD_BYTES])

    @property
    def length(self) -> int:
        return len(self._bytes)

    @property
    def is_full(self) -> bool:
        return self.length >= HEAD_BYTES

    @property
    def is_enough(self) -> bool:
        return self.is_full or self.beginning is Beginning.JSON

    @property
    def is_only_nul(self) -> bool:
        return self.beginning is Beginning.OTHER and not self._bytes.strip(b"\0")

    def pieces(self) -> Iterator[bytes]:
        for start in range(0, self.length, _PIECE_BYTES):
            yield bytes(self._bytes[start : start + _PIECE_BYTES])


def _beginning_of(text: bytes) -> Beginning:
    """`text` begins with the first byte that is no whitespace, if there is one."""
    if len(text) <= 1:
        return Beginning.OTHER if text and text not in (b"{", b"[") else Beginning.UNKNOWN
    if text[0] not in b"{[" or text[1] == 0 or _TAGS.match(text):
        return Beginning.OTHER
    if text[0] == ord("[") and len(text) < _TAGS_BYTES and _PERHAPS_TAGS.fullmatch(text):
        return Beginning.UNKNOWN
    return Beginning.JSON


def refuse_binary(head: bytes) -> None:
    """Raises UnreadableError for what is text in no format, whatever a rule calls it: it says what it is."""
    kind = kind_of(head)
    if kind is not None and (kind.is_certain or not _is_text(head.removeprefix(BOM), is_whole=False)):
        raise _refusal(kind)


def refusal_of(head: bytes, *, is_whole: bool) -> UnreadableError | None:
    """None: it may be a log. `is_whole`: there is nothing after `head`."""
    text = head.removeprefix(BOM).lstrip(WHITESPACE)
    if not text.strip(b"\0"):
        return _only_nul(len(head)) if text and is_whole else None
    is_text = _is_text(text, is_whole=is_whole)
    kind = kind_of(head)
    if kind is not None and (kind.is_certain or not is_text):
        return _refusal(kind)
    if _begins_with_a_value(text) or _holds_an_object(text, is_whole=is_whole):
        return None
    if kind is not None or is_text:
        return _refusal(kind or kind_of_text(text))
    start = text[:_QUOTED_BYTES].hex(" ")
    return UnreadableError(f"{_NO_LOG}, nor any format known here: it begins with the bytes {start}")


def _refusal(kind: Kind) -> UnreadableError:
    return UnreadableError(f"this is {kind.name}, {_NO_LOG}; {kind.remedy}")


def _only_nul(count: int) -> UnreadableError:
    return UnreadableError(
        f"this is {count} NUL bytes and nothing else, {_NO_LOG}; upload it again from its origin"
    )


def _is_text(text: bytes, *, is_whole: bool) -> bool:
    if _CONTROL.search(text):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(text, final=is_whole)
    except UnicodeDecodeError:
        return False
    return True


def _begins_with_a_value(text: bytes) -> bool:
    """A number, a string or a literal, alone on its line: an entry of the wrong type, and not of another format."""
    verdict = judged(text.partition(b"\n")[0].rstrip(WHITESPACE), 0, 0)
    return isinstance(verdict, Malformed) and verdict.reason == NOT_AN_OBJECT


def _holds_an_object(text: bytes, *, is_whole: bool) -> bool:
    """Whether an entry comes out when it is read line by line; one may go on beyond `text`."""
    for found in _OBJECT_ON_A_LINE.finditer(text):
        start, balance = found.end(), Balance(newline_ends=True)
        stop = balance.advance(text, start)
        if stop is Stop.MORE and not is_whole:
            return True
        if stop is Stop.CLOSED and not isinstance(
            judged(text[start : balance.at], start, balance.deepest), Malformed
        ):
            return True
    return False


def _with_something_else(pieces: Iterator[bytes], count: int) -> Iterator[bytes]:
    """`count` NUL so far. A file truncated under its writer has a log behind any number of them."""
    for piece in pieces:
        yield piece
        if piece.strip(b"\0"):
            yield from pieces
            return
        count += len(piece)
    raise _only_nul(count)
