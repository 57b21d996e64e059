"""One value after another by the exact scanner: what the fast path must agree with, and what it leaves over."""

import re
from enum import Enum, auto

from ingestor.errors import UnreadableError
from ingestor.formats.json.judge import NOT_AN_OBJECT, judged, malformed, too_large
from ingestor.formats.json.layout import Layout
from ingestor.formats.json.scanner import CLOSERS, OPENERS, QUOTE, Balance, Stop
from ingestor.formats.limits import WHITESPACE
from ingestor.model.entry import RAW_LIMIT, Malformed, Value

_WORD = re.compile(rb'[^ \t\r\n{}\[\]"]*+')
_REMEDY = "the rest has no unique reading: correct the file and upload it again"


class Held:
    """The bytes of one value so far: at most the limit, and 64 KiB once it is over it.

    `trims`: whitespace at the end isn't the value's, unless more of the value follows it.
    """

    def __init__(self, offset: int, limit: int, *, trims: bool) -> None:
        self.offset = offset
        self.length = 0
        self._limit = limit
        self._trims = trims
        self._total = 0
        self._parts: list[bytes] = []
        self._kept = 0

    def add(self, data: bytes) -> None:
        content = len(data.rstrip(WHITESPACE)) if self._trims else len(data)
        if content:
            self.length = self._total + content
        self._total += len(data)
        part = data[: max((RAW_LIMIT if self.is_over else max(self._limit, RAW_LIMIT)) - self._kept, 0)]
        if part:
            self._parts.append(part)
            self._kept += len(part)
        if self.is_over and self._kept > RAW_LIMIT:
            self._parts = [b"".join(self._parts)[:RAW_LIMIT]]
            self._kept = RAW_LIMIT

    @property
    def is_over(self) -> bool:
        return self.length > self._limit

    @property
    def text(self) -> bytes:
        return b"".join(self._parts)[: self.length]


class _Way(Enum):
    """How the end of the value is found."""

    BALANCE = auto()
    """By its brackets and quotes."""
    WORD = auto()
    """A number, a literal or anything else: up to whitespace, a bracket or a quote."""
    LINE = auto()
    """What can't be read ends with its line."""


class OpenValue:
    """A value that has begun. `at`: the index after what `go_on` used up."""

    def __init__(self, layout: Layout | None, first_byte: int, offset: int, max_entry_bytes: int) -> None:
        is_element = layout is Layout.ARRAY
        self.at = 0
        self._limit = max_entry_bytes
        self._held = Held(offset, max_entry_bytes, trims=is_element)
        self._reason = ""
        is_string = first_byte == QUOTE and not is_element
        self._balance = Balance(is_element=is_element, in_string=is_string)
        self._skips_first = is_string
        self._way = _Way.BALANCE if is_element or is_string or first_byte in OPENERS else _Way.WORD

    @property
    def offset(self) -> int:
        return self._held.offset

    def go_on(self, data: bytes, at: int, offset: int, layout: Layout | None) -> Value | None:
        """With `data`, at uncompressed `offset`, from index `at`; None: all is used up and the value goes on.

        Raises UnreadableError where brackets don't match and no line's end limits the damage.
        """
        self.at, start = at, at
        is_delimited = self._find_end(data, offset, layout)
        self._held.add(data[start : self.at])
        if not is_delimited:
            return None
        return self._cut_line("") if self._way is _Way.LINE else self._delimited()

    def at_end(self, offset: int, layout: Layout | None) -> Value:
        """The file ends at uncompressed `offset`, and this value with it."""
        if self._way is _Way.WORD:
            return self._delimited()
        if layout is Layout.LINES:
            return self._cut_line("the last line is cut short")
        raise UnreadableError(
            f"truncated: the entry that starts at uncompressed byte {self._held.offset} is not closed when the file "
            f"ends at byte {offset}; upload the whole file again"
        )

    def _find_end(self, data: bytes, offset: int, layout: Layout | None) -> bool:
        if self._way is _Way.BALANCE and self._through_brackets(data, offset, layout):
            return True
        if self._way is _Way.WORD and self._through_word(data, offset, layout):
            return True
        if self._way is _Way.LINE:
            newline = data.find(b"\n", self.at)
            self.at = len(data) if newline < 0 else newline
            return newline >= 0
        return False

    def _through_brackets(self, data: bytes, offset: int, layout: Layout | None) -> bool:
        self._balance.newline_ends = layout is Layout.LINES
        stop = self._balance.advance(data, self.at + self._skips_first)
        self._skips_first = False
        self.at = self._balance.at
        if stop is Stop.NEWLINE:
            self._way, self._reason = _Way.LINE, "the line ends inside an entry"
        elif stop is Stop.MISMATCH and layout is Layout.LINES:
            self._way, self._reason = _Way.LINE, "a bracket closes what was not opened"
        elif stop is Stop.MISMATCH:
            raise unbalanced(offset + self.at)
        return stop is Stop.CLOSED or stop is Stop.DELIMITER

    def _through_word(self, data: bytes, offset: int, layout: Layout | None) -> bool:
        found = _WORD.match(data, self.at)
        end = found.end() if found else self.at
        if end == len(data):
            self.at = end
            return False
        return self._end_word(data, end, offset, layout)

    def _end_word(self, data: bytes, end: int, offset: int, layout: Layout | None) -> bool:
        is_alone = end == self.at and not self._held.length
        if is_alone and data[end] in CLOSERS and layout is not Layout.LINES:
            raise unbalanced(offset + end)
        is_over = self._held.length + end - self.at > self._limit
        if layout is Layout.LINES and (is_over or not _is_json(self._held.text + data[self.at : end])):
            self._way, self._reason = _Way.LINE, "not valid JSON"
        else:
            self.at = end
        return self._way is _Way.WORD

    def _delimited(self) -> Value:
        held = self._held
        if held.is_over:
            return too_large(self._limit, held.offset, held.text, held.length)
        return judged(held.text, held.offset, self._balance.deepest)

    def _cut_line(self, reason: str) -> Malformed:
        held = self._held
        if held.is_over:
            return too_large(self._limit, held.offset, held.text, held.length)
        return malformed(self._reason or reason, held.offset, held.text)


def _is_json(word: bytes) -> bool:
    verdict = judged(word, 0, 0)
    return isinstance(verdict, Malformed) and verdict.reason == NOT_AN_OBJECT


def unbalanced(offset: int) -> UnreadableError:
    return UnreadableError(f"the bracket at uncompressed byte {offset} closes what was not opened; {_REMEDY}")
