"""How far the file in hand is read, so that one long file is no silence."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingestor.model.source_file import ByteStream, SourceFile
from ingestor.sources import Source

_EVERY_SECONDS = 0.5
"""Between two reports of one file: a loading process sends each to its parent."""


@dataclass(frozen=True, slots=True)
class ReadSoFar:
    """`read_bytes` of `size_bytes`, as they are stored; the size is None where nobody knows it."""

    uri: str
    read_bytes: int
    size_bytes: int | None


type OnRead = Callable[[ReadSoFar], None]
"""Perhaps called by another thread than the one that loads: the next chunk is read ahead."""


def watched(source: Source, on_read: OnRead) -> Source:
    """`source`, whose objects say how far they are read: at their first bytes, and now and then."""
    return _WatchedSource(source, on_read)


class _WatchedSource:
    def __init__(self, source: Source, on_read: OnRead) -> None:
        self._source = source
        self._on_read = on_read

    def open(self, file: SourceFile, /) -> ByteStream:
        return _WatchedStream(self._source.open(file), file, self._on_read)

    def current(self, file: SourceFile, /) -> SourceFile | None:
        return self._source.current(file)


class _WatchedStream:
    def __init__(self, stream: ByteStream, file: SourceFile, on_read: OnRead) -> None:
        self._stream = stream
        self._file = file
        self._on_read = on_read
        self._read_bytes = 0
        self._next_report_at = time.monotonic()

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self._read_bytes += len(data)
        now = time.monotonic()
        if now >= self._next_report_at:
            self._next_report_at = now + _EVERY_SECONDS
            self._on_read(ReadSoFar(self._file.uri, self._read_bytes, self._file.size_bytes))
        return data

    def close(self) -> None:
        self._stream.close()
