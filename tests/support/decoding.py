"""What the decode tests share: streams that read oddly, and an independent reading of a file."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from msgspec import Raw
from tests.support.entries import batches

from ingestor.errors import UnreadableError
from ingestor.formats import Limits
from ingestor.model.entry import Batch, InContext, Malformed, Repaired, Value

WIDE = Limits(chunk_rows=20_000, chunk_bytes=4 * 1024 * 1024, max_entry_bytes=1024 * 1024)


class Stored:
    """A stream of these bytes in reads of these sizes, in turn; then, if given, an error."""

    def __init__(self, data: bytes, sizes: Sequence[int] = (), error: Exception | None = None) -> None:
        self._data = data
        self._sizes = sizes
        self._error = error
        self._at = 0
        self.reads = 0

    def read(self, size: int, /) -> bytes:
        if self._sizes:
            size = min(size, self._sizes[self.reads % len(self._sizes)])
        self.reads += 1
        piece = self._data[self._at : self._at + size]
        self._at += len(piece)
        if not piece and self._error is not None:
            raise self._error
        return piece

    def close(self) -> None:
        pass


def never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Found:
    """One entry as the tests compare it. `kind` is the class, and the reason when malformed."""

    offset: int
    original: bytes
    kind: str
    text: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole file: its entries, whether the end came as `is_last`, or the error's text."""

    found: list[Found]
    error: str | None = None


def found(value: Value, offset: int, *, reasons: bool = True) -> Found:
    match value:
        case Raw():
            return Found(offset, bytes(value), "Raw")
        case InContext():
            return Found(offset, bytes(value.text), "InContext")
        case Repaired():
            return Found(offset, value.original, "Repaired", value.text)
        case Malformed():
            assert value.offset == offset
            return Found(offset, value.raw, f"Malformed: {value.reason}" if reasons else "Malformed")


def decoded(
    data: bytes, limits: Limits = WIDE, sizes: Sequence[int] = (), time_is_up: Callable[[], bool] = never
) -> list[Batch]:
    return list(batches(Stored(data, sizes), limits, time_is_up=time_is_up))


def values_of(data: bytes, limits: Limits = WIDE) -> list[Found]:
    return reading(batches(Stored(data), limits, time_is_up=never)).found


def reading(parts: Iterator[Batch], first_ordinal: int = 0) -> Reading:
    """Holds each batch to the promises that don't depend on its content."""
    entries: list[Found] = []
    ended = False
    try:
        for batch in parts:
            assert not ended
            assert batch.first_ordinal == first_ordinal + len(entries)
            entries += [found(value, batch.offset_of(i)) for i, value in enumerate(batch.values)]
            if batch.values:
                last = batch.values[-1]
                length = last.length if isinstance(last, Malformed) else len(entries[-1].original)
                assert batch.end_offset == entries[-1].offset + length
            ended = batch.is_last
    except UnreadableError as error:
        assert not ended
        return Reading(entries, str(error))
    assert ended
    return Reading(entries)


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def kind_of(text: bytes) -> str:
    """What one delimited value is, by Python's own json module."""
    strings: list[str] = []

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        for key, member in pairs:
            strings.extend([key, *_strings(member)])
        return dict(pairs)

    try:
        value = json.loads(text.decode("utf-8", "replace"), parse_constant=_refuse, object_pairs_hook=members)
    except ValueError:
        return "Malformed"
    if not isinstance(value, dict):
        return "Malformed"
    is_odd = _UNSTORABLE.search("".join(f"{part} " for part in strings)) or not _is_utf8(text)
    return "Repaired" if is_odd else "Raw"


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _refuse(name: str) -> float:
    raise ValueError(name)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
