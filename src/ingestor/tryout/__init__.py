"""What a file would become, without a database: `ingestor try`.

reading    which format, as loading tells it
tally      what became of the entries: counts, the first rows, the first of each kind of failure
unmapped   fields that fill no column, by how often they occur
naming     the line of configuration that would give such a field a column
golden     `[[test]]` of ingestor.toml: an input, and the columns that must come out
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingestor.errors import IngestorError
from ingestor.formats import Limits, Position
from ingestor.model.rows import RowOrigin
from ingestor.model.source_file import ByteStream, SourceFile
from ingestor.routing import Pipeline, Router, Skip
from ingestor.routing.detection import Detection
from ingestor.routing.rules import by_format_name
from ingestor.tryout.naming import Suggestion, suggestion_for
from ingestor.tryout.reading import open_file
from ingestor.tryout.tally import Tally
from ingestor.tryout.unmapped import UnmappedFields

__all__ = ["Tryout", "try_out"]


@dataclass(frozen=True, slots=True)
class Tryout:
    """One file. `seconds` is without what only this command does.

    `route` None: its format couldn't be told. `error` is what ended the reading before the file's end.
    """

    route: Pipeline | Skip | None
    tally: Tally
    unmapped: UnmappedFields | None
    suggestion: Suggestion | None
    compression: tuple[str, ...]
    stored_bytes: int
    uncompressed_bytes: int
    seconds: float
    error: str | None = None


def try_out(
    file: SourceFile, stream: ByteStream, router: Router, limits: Limits, detection: Detection
) -> Tryout:
    """Reads all of the file, in flat memory. What is wrong with it is told, not raised."""
    began = time.perf_counter()
    reading = _TryoutReading(file, stream, router, limits)
    error: str | None = None
    try:
        reading.read()
    except IngestorError as failure:
        error = str(failure)
    return Tryout(
        reading.route,
        reading.tally,
        reading.unmapped,
        reading.suggestion(detection),
        tuple(reading.codecs),
        reading.stored_bytes,
        reading.uncompressed_bytes,
        time.perf_counter() - began - (reading.unmapped.seconds if reading.unmapped else 0),
        error,
    )


class _TryoutReading:
    def __init__(self, file: SourceFile, stream: ByteStream, router: Router, limits: Limits) -> None:
        self.route: Pipeline | Skip | None = None
        self.tally = Tally()
        self.unmapped: UnmappedFields | None = None
        self.codecs: list[str] = []
        self.stored_bytes = 0
        self.uncompressed_bytes = 0
        self._origin: RowOrigin | None = None
        self._file = file
        self._stream = _Counted(stream, self._count_stored)
        self._router = router
        self._limits = limits

    def read(self) -> None:
        """Raises UnreadableError, SourceUnavailableError."""
        opened = open_file(self._file, self._stream, self._router, self.codecs.append)
        if isinstance(opened, Skip):
            self.route = opened
            return
        self.route, self._origin = opened.pipeline, opened.origin
        entry_format = opened.pipeline.format
        mapper = entry_format.mapper(opened.origin)
        self.unmapped = unmapped = UnmappedFields(entry_format, opened.origin)
        pieces = self._counted(opened.pieces)
        for batch in entry_format.batches(pieces, self._limits, Position(), lambda: False):
            self.tally.add(batch, mapper, unmapped)

    def suggestion(self, detection: Detection) -> Suggestion | None:
        if self.unmapped is None or self._origin is None or not isinstance(self.route, Pipeline):
            return None
        known = by_format_name(detection).get(self.route.format.name)
        return None if known is None else suggestion_for(known, self.unmapped, self._origin)

    def _counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.uncompressed_bytes += len(piece)
            yield piece

    def _count_stored(self, length: int) -> None:
        self.stored_bytes += length


class _Counted:
    """A `ByteStream` whose bytes are counted as they are read."""

    def __init__(self, stream: ByteStream, on_bytes: Callable[[int], None]) -> None:
        self._stream = stream
        self._on_bytes = on_bytes

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self._on_bytes(len(data))
        return data

    def close(self) -> None:
        self._stream.close()
