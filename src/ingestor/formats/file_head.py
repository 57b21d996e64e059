"""A file's first bytes, by which its format is told."""

from collections.abc import Iterator

from ingestor.errors import UnreadableError
from ingestor.formats.known import HEAD_BYTES


class FileHead:
    """The first bytes, read once and given again: they decide the format, however the file is cut into pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._read: list[bytes] = []
        self._failure: UnreadableError | None = None

    @property
    def first_bytes(self) -> bytes:
        return b"".join(self._read)[:HEAD_BYTES]

    def read(self) -> Iterator[None]:
        """One step for each piece. Corrupt compression after some bytes is raised where those have been read again."""
        length = 0
        try:
            while length < HEAD_BYTES and (piece := next(self._pieces, None)) is not None:
                self._read.append(piece)
                length += len(piece)
                yield
        except UnreadableError as error:
            self._failure = error

    def pieces(self) -> Iterator[bytes]:
        yield from self._read
        self._read = []
        if self._failure is not None:
            raise self._failure
        yield from self._pieces
