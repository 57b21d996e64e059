"""What the tests of the formats share: a file's bytes to its rows, and what holds for every format and any bytes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw

from ingestor.formats import Format, Limits, Position
from ingestor.formats.known import FormatOptions, KnownFormat
from ingestor.model.columns import COLUMNS
from ingestor.model.entry import Batch, InContext, Malformed, Repaired, Value
from ingestor.model.instants import datetime_of
from ingestor.model.rows import Mapped, Mapper, Rejection, RowOrigin

SAMPLES = Path(__file__).parents[1] / "data" / "formats"
WIDE = Limits(chunk_rows=20_000, chunk_bytes=4 * 1024 * 1024, max_entry_bytes=1024 * 1024)
SMALL = Limits(chunk_rows=3, chunk_bytes=200, max_entry_bytes=400)
ORIGIN = RowOrigin(1, "logs", "app/file.log", "etag", None)
NO_OPTIONS = FormatOptions()
_JSON = ("query", "headers", "params")
_TIMES = ("timestamp", "last_updated")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one entry; `row` has the columns that are not NULL, and is empty where it was rejected."""

    offset: int
    row: dict[str, Any]
    rejected: str | None = None


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def outcomes(
    known: KnownFormat,
    data: bytes,
    options: FormatOptions = NO_OPTIONS,
    *,
    limits: Limits = WIDE,
    cuts: Sequence[int] = (),
    checkpoint: Position | None = None,
    origin: RowOrigin = ORIGIN,
) -> list[Outcome]:
    """One for each entry from `checkpoint` on, wherever the file is cut into pieces."""
    made = known.make(options)
    mapper = made.mapper(origin)
    return [
        _outcome(mapper, value, batch.offset_of(index), batch.first_ordinal + index)
        for batch in _batches(made, data, limits, cuts, checkpoint or Position())
        for index, value in enumerate(batch.values)
    ]


def rows_of(known: KnownFormat, data: bytes, options: FormatOptions = NO_OPTIONS) -> list[dict[str, Any]]:
    """The rows' columns that are not NULL: times as ISO 8601, JSON decoded. Nothing may be rejected."""
    found = outcomes(known, data, options)
    assert [each for each in found if each.rejected is not None] == []
    return [each.row for each in found]


def assert_cuts_and_resuming_change_nothing(
    known: KnownFormat, data: bytes, cuts: Sequence[int], options: FormatOptions = NO_OPTIONS
) -> None:
    """Nor does any byte make it raise: each entry is a row or a rejection."""
    whole = outcomes(known, data, options, limits=SMALL)
    assert outcomes(known, data, options, limits=SMALL, cuts=cuts) == whole
    offsets = [each.offset for each in whole]
    assert offsets == sorted(set(offsets))
    for batch in _batches(known.make(options), data, SMALL, (), Position()):
        done = Position(batch.first_ordinal + len(batch.values), batch.end_offset)
        rest = outcomes(known, data, options, limits=SMALL, cuts=cuts, checkpoint=done)
        assert rest == whole[done.entries :]


def assert_a_resumed_file_ends_where_it_ends(
    known: KnownFormat, data: bytes, options: FormatOptions = NO_OPTIONS
) -> None:
    """Also where all entries were handled, and only the end of the file was still to come."""
    made = known.make(options)
    end = list(_batches(made, data, WIDE, (), Position()))[-1].end_offset
    for batch in made.batches(iter([data, b""]), WIDE, Position(), lambda: True):
        done = Position(batch.first_ordinal + len(batch.values), batch.end_offset)
        assert list(_batches(made, data, WIDE, (), done))[-1].end_offset == end


def _batches(
    made: Format, data: bytes, limits: Limits, cuts: Sequence[int], start: Position
) -> Iterator[Batch]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = (data[begin:end] for begin, end in pairwise(places))
    return made.batches(pieces, limits, start, lambda: False)


def _outcome(mapper: Mapper, value: Value, offset: int, ordinal: int) -> Outcome:
    match value:
        case Malformed():
            return Outcome(offset, {}, value.reason)
        case InContext() | Repaired():
            return _of_mapped(mapper.row_of(value.text, ordinal, value.context), offset)
        case Raw():
            return _of_mapped(mapper.row_of(value, ordinal), offset)


def _of_mapped(mapped: Mapped, offset: int) -> Outcome:
    if isinstance(mapped, Rejection):
        return Outcome(offset, {}, mapped.reason)
    assert isinstance(mapped, tuple)
    row = {
        str(column.name): _readable(column.name, value)
        for column, value in zip(COLUMNS, mapped, strict=True)
        if value is not None
    }
    return Outcome(offset, row)


def _readable(name: str, value: Any) -> Any:  # noqa: ANN401 - as many types as columns
    if name in _TIMES:
        return datetime_of(value).isoformat()
    if name in _JSON:
        return msgspec.json.decode(value[1:])
    return _decoded(value) if name == "raw_data" else value


def _decoded(raw_data: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return msgspec.json.decode(raw_data)
    except msgspec.ValidationError:
        return bytes(raw_data)  # a number beyond all types
