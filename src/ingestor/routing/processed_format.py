"""A format whose entries go through processors: framing and parser are the format's own, the mapper processes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingestor.formats import Format, Limits, Position
from ingestor.model.entry import Batch
from ingestor.model.rows import Mapper, RowOrigin
from ingestor.processors import ProcessingMapper, Steps
from ingestor.processors.options import ProcessingOptions
from ingestor.processors.redaction import Redaction, redacting


@dataclass(frozen=True, slots=True)
class ProcessedFormat:
    """A `Format` around another one."""

    format: Format
    steps: Steps
    redaction: Redaction | None = None

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

    def mapper(self, origin: RowOrigin, /) -> Mapper:
        """Redaction comes last, so it is the next thing before the format's own mapper."""
        mapper = self._redacting(origin)
        if self.steps == Steps():
            return mapper
        return ProcessingMapper(mapper, self.steps, origin, levels=self._redacting(origin))

    def _redacting(self, origin: RowOrigin) -> Mapper:
        mapper = self.format.mapper(origin)
        return mapper if self.redaction is None else redacting(mapper, self.redaction)


def processed_format(entry_format: Format, options: ProcessingOptions) -> Format:
    """`entry_format` itself where the options do nothing to its entries."""
    return (
        entry_format if options.is_empty else ProcessedFormat(entry_format, options.steps, options.redaction)
    )
