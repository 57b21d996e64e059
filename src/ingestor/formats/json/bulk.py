"""Many values parsed in one call, with the same verdict on each as if it had been delimited and judged alone."""

import re
from dataclasses import dataclass

import msgspec
from msgspec import Raw

from ingestor.formats.json.judge import judged, too_large
from ingestor.formats.json.layout import Layout
from ingestor.formats.json.run import ValueRun
from ingestor.formats.json.scanner import deepest_of
from ingestor.formats.limits import DEPTH_LIMIT, WHITESPACE
from ingestor.formats.repair import is_utf8, repaired_escapes
from ingestor.model.entry import Value

_ARRAY = msgspec.json.Decoder(list[Raw])
_SEQUENCE = msgspec.json.Decoder(Raw)
_ERROR_POSITION = re.compile(r"\(byte (\d+)\)")
_BRACE = ord("{")


@dataclass(frozen=True, slots=True)
class Parsed:
    """`run` ends `length` bytes after the text's start, just past its last value. `is_whole`: none was left out."""

    run: ValueRun
    length: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class NotParsed:
    """How far from the text's start the first thing is that the exact scanner must look at."""

    at: int


def parse(text: bytes, layout: Layout, offset: int, max_entry_bytes: int) -> Parsed | NotParsed:
    """`text` starts with a value at uncompressed `offset`, and ends where a value is thought to end."""
    is_array = layout is Layout.ARRAY
    framed = b"[%b]" % text if is_array else text
    readable = repaired_escapes(framed)
    try:
        values = _ARRAY.decode(readable) if is_array else _SEQUENCE.decode_lines(readable)
    except msgspec.DecodeError as error:
        place = _ERROR_POSITION.search(str(error))
        return NotParsed(min(int(place[1]) - is_array, len(text)) if place else len(text))
    except RecursionError:
        return NotParsed(len(text))
    run = ValueRun(values, readable, int(is_array), offset)
    length, foreign = len(text.rstrip(WHITESPACE)), None
    if not is_array:
        foreign = _first_foreign(values, within_lines=layout is Layout.LINES)
        if foreign == 0:
            return NotParsed(0)
        if foreign is not None:
            values = values[:foreign]
            run = ValueRun(values, readable, 0, offset)
            length = run.offset_of(foreign - 1) - offset + len(values[-1])
    is_clean = readable is framed and is_utf8(framed)
    odd = _odd(values, max_entry_bytes) if is_clean else list(range(len(values)))
    if odd:
        run = _judged_again(run, values, framed, odd, max_entry_bytes)
    return Parsed(run, length, foreign is None)


def _first_foreign(values: list[Raw], *, within_lines: bool) -> int | None:
    """The first value that is no object, or is no line's: what it spans depends on what surrounds it."""
    for index, value in enumerate(values):
        text = bytes(value)
        if text[0] != _BRACE or (within_lines and b"\n" in text):
            return index
    return None


def _odd(values: list[Raw], max_entry_bytes: int) -> list[int]:
    """The values to be judged one by one: no objects, too large, or perhaps too deep."""
    harmless = min(2 * DEPTH_LIMIT, max_entry_bytes)
    return [
        index
        for index, value in enumerate(values)
        if (text := bytes(value))[0] != _BRACE
        or (len(text) > harmless and (len(text) > max_entry_bytes or _may_be_deep(text)))
    ]


def _may_be_deep(text: bytes) -> bool:
    return text.count(b"{") + text.count(b"[") > DEPTH_LIMIT


def _judged_again(
    run: ValueRun, values: list[Raw], original: bytes, odd: list[int], max_entry_bytes: int
) -> ValueRun:
    starts = list(run.indexes())
    shift = run.offset_of(0) - starts[0]
    verdicts: list[Value] = list(values)
    for index in odd:
        text = original[starts[index] : starts[index] + len(values[index])]
        offset = starts[index] + shift
        if len(text) > max_entry_bytes:
            verdicts[index] = too_large(max_entry_bytes, offset, text)
        else:
            verdicts[index] = judged(text, offset, deepest_of(text) if _may_be_deep(text) else 0)
    return run.with_values(verdicts)
