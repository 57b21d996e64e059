"""What Kubernetes keeps of containers' output: a time, the stream, `F` or `P`, and the line as the container wrote it.

    2026-11-24T12:00:00.669794202Z stdout P The first part of a long li
    2026-11-24T12:00:00.669794305Z stdout F ne

A line with `P` goes on in the next of its stream: all to the next `F` are one entry, which stands where that line is.
Where the container wrote JSON, it is mapped as `json` is. Further tags may follow `F` and `P` after a colon.
https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from msgspec import Raw

from ingestor.formats import Position
from ingestor.formats.framing import Frames, framed_batches
from ingestor.formats.framing.lines import LineSplitter, Overlong, overlong, text_value
from ingestor.formats.json.by_name import own_names
from ingestor.formats.json.envelopes import object_text
from ingestor.formats.json.mapping import json_values
from ingestor.formats.json.names import ColumnNames
from ingestor.formats.json.objects import fields_of as object_of
from ingestor.formats.known import FormatOptions, KnownFormat, most_lines, refuse_useless
from ingestor.formats.limits import Limits
from ingestor.formats.mapping import TIMESTAMP, FieldMapping, Fields, RowBuilder, as_json
from ingestor.formats.mapping.times import iso_time
from ingestor.model.entry import RAW_LIMIT, Batch
from ingestor.model.rows import EditedEntry, Entity, Mapped, Rejection, RowOrigin

_BEGINNING = (
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})) "
    rb"(stdout|stderr) ([FP](?::[^ ]*+)?)"
)
_LINE = re.compile(_BEGINNING + rb"(?: (.*+))?", re.DOTALL).fullmatch
_PARTIAL = b"P"


class _Open:
    """An entry whose end hasn't come. Of one over the limit only the beginning is held."""

    def __init__(self, beginning: bytes) -> None:
        self.parts = [beginning]
        self.held = len(beginning)
        self.length = len(beginning)
        self.offset = 0

    def add(self, content: bytes, offset: int, length: int, limit: int) -> None:
        """`length` is that of `content`, of which only the beginning may be given."""
        self.offset = offset
        self.length += length
        room = limit + RAW_LIMIT - self.held
        if room > 0:
            self.parts.append(content[:room])
            self.held += len(self.parts[-1])


class PartialLines:
    """A `Framing`: a line is an entry, or the end of one whose parts came before it.

    The text of an entry in parts is that of its last line with all that the parts say, and the time of the first.
    """

    def __init__(self, limits: Limits) -> None:
        self._limit = limits.max_entry_bytes
        self._splitter = LineSplitter(limits.max_entry_bytes)
        self._open: dict[bytes, _Open] = {}
        self._last = -1

    def feed(self, data: bytes, /) -> Frames:
        return self._joined(*self._splitter.feed(data))

    def finish(self) -> Frames:
        """What has no end is an entry with `P`: the rest of it is in another file, or was never written."""
        frames = self._joined(*self._splitter.finish())
        for entry in sorted(self._open.values(), key=lambda each: each.offset):
            # It may have begun before what the other stream ended since: it stands behind that.
            entry.offset = max(entry.offset, self._last + 1)
            self._close(entry, frames)
        return frames

    def _joined(self, lines: list[bytes | Overlong], offsets: list[int]) -> Frames:
        frames = Frames([], [])
        for line, offset in zip(lines, offsets, strict=True):
            text, length = (line.raw, line.length) if isinstance(line, Overlong) else (line, len(line))
            text = text.removesuffix(b"\r")
            found = _LINE(text)
            if found is None or (found[3][:1] != _PARTIAL and found[2] not in self._open):
                if isinstance(line, Overlong):
                    frames.values.append(overlong(line, offset, self._limit))
                elif not text or text.isspace():
                    continue
                else:
                    frames.values.append(text_value(text))
                frames.offsets.append(offset)
                self._last = offset
                continue
            self._add(found, offset, length - len(text) + len(found[4] or b""), frames)
        return frames

    def _add(self, found: re.Match[bytes], offset: int, length: int, frames: Frames) -> None:
        time, stream, tags, content = found.groups()
        entry = self._open.get(stream)
        if entry is None:
            entry = self._open[stream] = _Open(b"%s %s %s " % (time, stream, tags))
        entry.add(content or b"", offset, length, self._limit)
        if tags[:1] != _PARTIAL:
            entry.parts[0] = b"%s %s " % tuple(entry.parts[0].split(b" ")[:2]) + tags + b" "
            del self._open[stream]
            self._close(entry, frames)

    def _close(self, entry: _Open, frames: Frames) -> None:
        text = b"".join(entry.parts)
        if entry.length > self._limit:
            value = overlong(Overlong(text[:RAW_LIMIT], entry.length), entry.offset, self._limit)
            frames.values.append(value)
        else:
            frames.values.append(text_value(text))
        frames.offsets.append(entry.offset)
        self._last = entry.offset


_MAPPING = FieldMapping({"timestamp": ("time",), "message": ("message", "log")}, read_time=iso_time)
_FIELDS = re.compile(_BEGINNING.decode() + r"(?: (.*+))?", re.DOTALL).fullmatch


@dataclass(frozen=True, slots=True)
class CriFormat:
    """A `Format`. `own` are the names that a rule puts before all others, where the container wrote JSON."""

    own: ColumnNames | None = None
    name: str = "cri"

    def batches(
        self,
        pieces: Iterator[bytes],
        limits: Limits,
        start: Position,
        time_is_up: Callable[[], bool],
        /,
    ) -> Iterator[Batch]:
        framing = PartialLines(limits)
        return framed_batches(pieces, framing, limits, start=start, time_is_up=time_is_up)

    def mapper(self, origin: RowOrigin, /) -> "CriMapper":
        return CriMapper(self, origin)


class CriMapper:
    """A `TextEntryMapper`. `log` is an object where the container wrote one."""

    __slots__ = ("_builder", "_own")

    unknown_fields = 0

    def __init__(self, cri: CriFormat, origin: RowOrigin) -> None:
        self._own = cri.own
        self._builder = RowBuilder(_MAPPING, origin)

    def redacted(self, raw: bytes, /) -> bytes:
        return raw

    def row_of(self, text: Entity, ordinal: int, _context: object = None, /) -> Mapped:
        line = str(text, "utf-8")
        fields = _parsed(line)
        return fields if isinstance(fields, Rejection) else self._row(fields, ordinal)

    def fields_of(self, text: Entity, _context: object = None, /) -> Fields | Rejection:
        fields = _parsed(str(text, "utf-8"))
        if isinstance(fields, Rejection):
            return fields
        within = object_text(fields["log"])
        log = None if within is None else object_of(within)
        return fields if log is None or isinstance(log, Rejection) else {**fields, "log": log}

    def row_from(self, entry: EditedEntry, ordinal: int, _context: object = None, /) -> Mapped:
        return self._row(entry.fields, ordinal)

    def _row(self, fields: Fields, ordinal: int) -> Mapped:
        log = fields.get("log")
        within = (
            object_text(log) if isinstance(log, str) else Raw(as_json(log)) if isinstance(log, dict) else None
        )
        found = None if within is None else json_values(within, self._own)
        values = _MAPPING.values(fields)
        if found is not None and within is not None:
            fields = {**fields, "log": Raw(within)}
            if found[TIMESTAMP] is None:
                found[TIMESTAMP] = values[TIMESTAMP]
            values = found
        row = self._builder.row_with(values, as_json(fields), ordinal)
        return Rejection("no usable time") if row is None else row


def _parsed(line: str) -> Fields | Rejection:
    found = _FIELDS(line)
    if found is None:
        return Rejection("not a line of the container runtime interface (CRI)")
    time, stream, tags, log = found.groups()
    return {"time": time, "stream": stream, "logtag": tags, "log": log or ""}


def make(options: FormatOptions) -> CriFormat:
    refuse_useless(KNOWN.name, options, "columns")
    own = own_names(options)
    return CriFormat(ColumnNames(own) if own else None)


def recognises(head: bytes) -> bool:
    return most_lines(head, _LINE)


KNOWN = KnownFormat("cri", make, recognises)
