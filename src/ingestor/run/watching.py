"""How far the file in hand is read, so that one long file is no silence."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingestor.model.source_file import SourceFile
from ingestor.sources import Source
from ingestor.sources.watched import watched

_EVERY_SECONDS = 0.5
"""Between two reports of one file: a loading process sends each to its parent."""


@dataclass(frozen=True, slots=True)
class ReadSoFar:
    """`read_bytes` of `size_bytes`, as they are stored; the size is None where nobody knows it."""

    uri: str
    read_bytes: int
    size_bytes: int | None


type OnRead = Callable[[ReadSoFar], None]


def reporting(source: Source, on_read: OnRead) -> Source:
    """`source`, whose objects report at their first bytes, and now and then."""
    return watched(source, _Reports(on_read).read_to)


class _Reports:
    def __init__(self, on_read: OnRead) -> None:
        self._on_read = on_read
        self._file: SourceFile | None = None
        self._next_at = 0.0

    def read_to(self, file: SourceFile, read_bytes: int) -> None:
        now = time.monotonic()
        if file == self._file and now < self._next_at:
            return
        self._file, self._next_at = file, now + _EVERY_SECONDS
        self._on_read(ReadSoFar(file.uri, read_bytes, file.size_bytes))
