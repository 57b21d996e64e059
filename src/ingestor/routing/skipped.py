"""The format of a file of which no entry is wanted."""

from collections.abc import Callable, Iterator

from ingestor.formats import Limits, Position
from ingestor.model.entry import Batch
from ingestor.model.rows import Drop, Entity, Mapped, RowOrigin
from ingestor.routing import SKIPPED


class SkippedFormat:
    """A `Format` without entries. Nothing is read of the file."""

    name = SKIPPED

    def batches(
        self,
        _pieces: Iterator[bytes],
        _limits: Limits,
        start: Position,
        _time_is_up: Callable[[], bool],
        /,
    ) -> Iterator[Batch]:
        yield Batch((), start.entries, start.offset, is_last=True, offset_of=int)

    def mapper(self, _origin: RowOrigin, /) -> "_NoRows":
        return _NoRows()


class _NoRows:
    unknown_fields = 0

    def row_of(self, _text: Entity, _ordinal: int, _context: object = None, /) -> Mapped:
        return Drop("skipped")

    def redacted(self, raw: bytes, /) -> bytes:
        return raw
