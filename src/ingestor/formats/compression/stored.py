"""The bytes of a layer of compression, and what all its readers share: decoding in small steps, and their errors."""

import re
from collections.abc import Generator, Iterator
from typing import Protocol, cast

from isal import igzip_lib

from ingestor.errors import IngestorError, UnreadableError

# Its stub declares an instance where there is a class.
IGZIP_ERROR = cast("type[Exception]", igzip_lib.IsalError)

_INPUT = 4 * 1024
"""What a decoder is given at once, counted from where it began. The output of the call that meets corrupt data is
lost: so it is little, and the same however the object was read."""

_OUTPUT = 128 * 1024
_ZEROS = re.compile(rb"\0*+")
_REMEDY = "the object is damaged: upload it again from its origin"


class Decoder(Protocol):
    """As bz2, lzma, zstd and igzip have it: one stream, frame or member."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Stored:
    """The bytes of one layer not consumed yet, as `pieces` brings them. `received`: how many came so far."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._data = b""
        self._at = 0
        self._failure: IngestorError | None = None
        self.received = 0

    @property
    def available(self) -> int:
        return len(self._data) - self._at

    def read_more(self) -> bool:
        """One piece, perhaps an empty one; False at the end."""
        if self._failure is not None:
            raise self._failure
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._data = self._data[self._at :] + piece
        self._at = 0
        self.received += len(piece)
        return True

    @property
    def consumed(self) -> int:
        return self.received - self.available

    def fill(self, size: int) -> Iterator[bytes]:
        """Until `size` bytes are available, or all there are. A failure waits until they are taken."""
        try:
            while self.available < size and self.read_more():
                yield b""
        except IngestorError as error:
            if not self.available:
                raise
            self._failure = error

    def starts_with(self, prefix: bytes) -> bool:
        return self._data.startswith(prefix, self._at)

    def find(self, data: bytes, size: int) -> int:
        """Where `data` is within the next `size` bytes; -1: nowhere."""
        at = self._data.find(data, self._at, self._at + size)
        return at - self._at if at >= 0 else -1

    def peek(self, size: int) -> bytes:
        return self._data[self._at : self._at + size]

    def take(self, size: int) -> bytes:
        taken = self.peek(size)
        self._at += len(taken)
        return taken

    def put_back(self, data: bytes) -> None:
        """`data` was taken last. Moves an index where it can: a file may be millions of tiny members."""
        if len(data) <= self._at:
            self._at -= len(data)
        else:
            self._data = data + self._data[self._at :]
            self._at = 0

    def skip_zeros(self) -> bool:
        """True when something else than zeros is next; False when all there was has been skipped."""
        found = _ZEROS.match(self._data, self._at)
        self._at = found.end() if found else self._at
        return self.available > 0


class Layer:
    """`name` is what errors call it. They say at which uncompressed byte."""

    def __init__(self, stored: Stored, name: str) -> None:
        self._stored = stored
        self._name = name
        self._position = 0

    def _decoded(
        self, decoder: Decoder, refused: type[Exception] | tuple[type[Exception], ...]
    ) -> Iterator[bytes]:
        """To the end of what `decoder` decodes; an empty piece for each that `stored` reads."""
        stored = self._stored
        while not decoder.eof:
            given = b""
            if decoder.needs_input:
                yield from stored.fill(_INPUT)
                given = stored.take(_INPUT)
                if not given:
                    raise self._truncated()
            try:
                piece = decoder.decompress(given, _OUTPUT)
            except refused as error:
                raise self._corrupt(str(error)) from None
            self._position += len(piece)
            yield piece
        stored.put_back(decoder.unused_data)

    def _is_followed(self) -> Generator[bytes, None, bool]:
        """By something else than zeros.

        As gzip(1) and Python's gzip do: zeros after a member are padding (tapes, block devices).
        """
        while not self._stored.skip_zeros():
            if not self._stored.read_more():
                return False
            yield b""
        return True

    def _truncated(self) -> UnreadableError:
        return UnreadableError(
            f"truncated: the {self._name} ends early, at uncompressed byte {self._position}; {_REMEDY}"
        )

    def _corrupt(self, reason: str) -> UnreadableError:
        return UnreadableError(
            f"corrupt {self._name} at uncompressed byte {self._position}: {reason}; {_REMEDY}"
        )

    def _followed_by_something_else(self) -> UnreadableError:
        return UnreadableError(
            f"{self._name} is followed by something else at uncompressed byte {self._position}; {_REMEDY}"
        )
