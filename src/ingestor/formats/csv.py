"""CSV: the first line or a rule names the columns; cells with a delimiter, a quote or a line end are in quotes.

    time,level,message
    2026-11-24T12:00:00Z,info,"a cell of ""two"" lines,
    with a comma"

A header line that comes again (files put one behind another) is no entry. https://www.rfc-editor.org/rfc/rfc4180
"""

import re
from collections.abc import Callable

from ingestor.errors import ConfigurationError
from ingestor.formats.framing import Frames
from ingestor.formats.framing.lines import LineSplitter, Overlong, overlong, text_value
from ingestor.formats.known import FormatOptions, KnownFormat, never, refuse_useless
from ingestor.formats.limits import Limits
from ingestor.formats.mapping import Fields
from ingestor.formats.mapping.positions import EXTRA
from ingestor.formats.own_fields import WHOLE, own_mapping
from ingestor.formats.text import Parse, TextFormat
from ingestor.model.entry import RAW_LIMIT
from ingestor.model.rows import Rejection

_QUOTED_END = re.compile(rb'(?:[^"]++|"")*+"')
_QUOTED_CELL = r'"((?:[^"]++|"")*+)"(?=%s|\Z)'
_USUAL_DELIMITER = ","
_QUOTE = '"'


class Records:
    """A `Framing`: a record ends at a line end outside quotes. The context of an entry is the names of its cells.

    After a header over the limit, no record is taken for one: no cell has a name then.

    A quote opens a cell only where the cell begins. Where one isn't closed within MAX_ENTRY_BYTES, the record ends with
    the line that goes beyond, so that one quote too many doesn't cost the rest of the file.
    """

    def __init__(self, limits: Limits, names: tuple[str, ...] | None, delimiter: str) -> None:
        self._limit = limits.max_entry_bytes
        self._splitter = LineSplitter(limits.max_entry_bytes)
        self._names = names
        self._delimiter = delimiter
        self._opening = re.compile(rb'(?:^|%s)"' % re.escape(delimiter.encode()))
        self._cells = cells_by(delimiter)
        self._header: bytes | None = None
        self._lines: list[bytes] = []
        self._length = 0
        self._offset = 0
        self._is_open = False

    def feed(self, data: bytes, /) -> Frames:
        return self._recorded(*self._splitter.feed(data))

    def finish(self) -> Frames:
        frames = self._recorded(*self._splitter.finish())
        if self._lines:
            self._close(frames)
        return frames

    def _recorded(self, lines: list[bytes | Overlong], offsets: list[int]) -> Frames:
        frames = Frames([], [])
        for line, offset in zip(lines, offsets, strict=True):
            text, length = (line.raw, line.length) if isinstance(line, Overlong) else (line, len(line))
            if not self._lines:
                if not text or text.isspace():
                    continue
                self._offset = offset
            self._length = offset + length - self._offset
            self._lines.append(text if self._length <= self._limit else text[:RAW_LIMIT])
            self._is_open = self._ends_open(text)
            if not self._is_open or self._length > self._limit:
                self._close(frames)
        return frames

    def _ends_open(self, line: bytes) -> bool:
        if _QUOTE.encode() not in line:
            return self._is_open
        at, is_open = 0, self._is_open
        while True:
            if is_open:
                end = _QUOTED_END.match(line, at)
                if end is None:
                    return True
                at, is_open = end.end(), False
            opening = self._opening.search(line, at)
            if opening is None:
                return False
            at, is_open = opening.end(), True

    def _close(self, frames: Frames) -> None:
        text = b"\n".join(self._lines).removesuffix(b"\r")
        length, self._lines, self._is_open = self._length, [], False
        if length > self._limit:
            frames.values.append(overlong(Overlong(text[:RAW_LIMIT], length), self._offset, self._limit))
            frames.offsets.append(self._offset)
            self._names = self._names or ()
            return
        if self._names is None:
            self._header = text
            self._names = _names(self._cells(text.decode("utf-8", "replace")))
            return
        if text != self._header:
            frames.values.append(text_value(text, self._names))
            frames.offsets.append(self._offset)


type Cells = Callable[[str], list[str] | None]
"""A record to its cells; None: a quote isn't closed, or something follows one."""


def cells_by(delimiter: str) -> Cells:
    match = re.compile(_QUOTED_CELL % re.escape(delimiter)).match
    width = len(delimiter)

    def cells(record: str) -> list[str] | None:
        if _QUOTE not in record:
            return record.split(delimiter)
        found: list[str] = []
        at = 0
        while True:
            if record.startswith(_QUOTE, at):
                cell = match(record, at)
                if cell is None:
                    return None
                found.append(cell[1].replace('""', '"'))
                at = cell.end()
            else:
                end = record.find(delimiter, at)
                found.append(record[at:] if end < 0 else record[at:end])
                at = len(record) if end < 0 else end
            if at >= len(record):
                return found
            at += width

    return cells


def _names(cells: list[str] | None) -> tuple[str, ...]:
    """Each once: a column without a name is called by its number, a second one of a name by both."""
    names: dict[str, None] = {}
    for number, cell in enumerate(cells or [], start=1):
        name = cell.strip() or f"column {number}"
        while name in names:
            name = f"{name} {number}"
        names[name] = None
    return tuple(names)


def _parser(delimiter: str) -> Parse:
    cells_of = cells_by(delimiter)

    def parsed(record: str, names: object) -> Fields | Rejection:
        cells = cells_of(record)
        if cells is None:
            return Rejection("a quote isn't closed, or something other than the delimiter follows one")
        if not isinstance(names, tuple):
            return Rejection("no names for the columns")
        fields: Fields = {name: cell for name, cell in zip(names, cells, strict=False) if cell}
        if len(cells) > len(names):
            fields[EXTRA] = cells[len(names) :]
        return fields

    return parsed


def make(options: FormatOptions) -> TextFormat:
    """An empty cell is no field. Without `header` the file's first record names the columns."""
    refuse_useless(KNOWN.name, options, "columns", "time_zone", "time_format", "header", "delimiter")
    delimiter = _USUAL_DELIMITER if options.delimiter is None else options.delimiter
    if len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii():
        raise ConfigurationError(
            f"`delimiter` {delimiter!r} is not one ASCII character other than a quote or a line end"
        )
    names = None if options.header is None else _names(list(options.header))
    if names is not None and not names:
        raise ConfigurationError("`header` names no column")
    return TextFormat(
        KNOWN.name,
        _parser(delimiter),
        own_mapping(options, names_message=True),
        lambda limits: Records(limits, names, delimiter),
        whole=WHOLE,
    )


KNOWN = KnownFormat("csv", make, never)
