"""A source whose objects say how far they are read."""

from collections.abc import Callable

from ingestor.model.source_file import ByteStream, SourceFile
from ingestor.sources import Source

type OnFileBytes = Callable[[SourceFile, int], None]
"""After each read: how many stored bytes of the file are read so far. Another thread than the loading one may call it,
for the next chunk is read ahead.
"""


def watched(source: Source, on_bytes: OnFileBytes) -> Source:
    return _WatchedSource(source, on_bytes)


class _WatchedSource:
    def __init__(self, source: Source, on_bytes: OnFileBytes) -> None:
        self._source = source
        self._on_bytes = on_bytes

    def open(self, file: SourceFile, /) -> ByteStream:
        return _WatchedStream(self._source.open(file), file, self._on_bytes)

    def current(self, file: SourceFile, /) -> SourceFile | None:
        return self._source.current(file)


class _WatchedStream:
    def __init__(self, stream: ByteStream, file: SourceFile, on_bytes: OnFileBytes) -> None:
        self._stream = stream
        self._file = file
        self._on_bytes = on_bytes
        self._read_bytes = 0

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self._read_bytes += len(data)
        self._on_bytes(self._file, self._read_bytes)
        return data

    def close(self) -> None:
        self._stream.close()
