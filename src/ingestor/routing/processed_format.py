"""A format whose entries go through processors: framing and parser are the format's own, the mapper processes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingestor.formats import Format, Limits, Position
from ingestor.model.entry import Batch
from ingestor.model.rows import RowOrigin
from ingestor.processors import ProcessingMapper, Processor


@dataclass(frozen=True, slots=True)
class ProcessedFormat:
    """A `Format` around another one."""

    format: Format
    processors: tuple[Processor, ...]

    @property
    def name(self) -> str:
        return self.format.name

    def batches(
        self,
        pieces: Iterator[bytes],
        limits: Limits,
        start: Position,
        time_is_up: Callable[[], bool],
        /,
    ) -> Iterator[Batch]:
        return self.format.batches(pieces, limits, start, time_is_up)

    def mapper(self, origin: RowOrigin, /) -> ProcessingMapper:
        return ProcessingMapper(self.format.mapper(origin), self.processors, origin)
