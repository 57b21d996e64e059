"""One layer of gzip: its members, one after another.

Headers and trailers are read here and only the deflate stream is left to ISA-L (igzip, 3 times as fast as zlib):
so the bytes before a wrong checksum are handed out before the error is raised, and one call's output is bounded
whatever the ratio. The format: https://www.rfc-editor.org/rfc/rfc1952
"""

import re
import struct
from collections.abc import Iterator
from typing import cast

from isal import igzip_lib

from ingestor.errors import IngestorError, UnreadableError

MAGIC = b"\x1f\x8b"

_INFLATE_INPUT = 4 * 1024
"""What igzip is given at once, counted from a member's beginning. The output of the call that meets corrupt data is
lost: so it is little, and the same however the object was read."""

_INFLATE_OUTPUT = 128 * 1024
_DEFLATE = 8
_FIXED_HEADER = 10
_ZEROS = re.compile(rb"\0*+")
_TRAILER = struct.Struct("<II")
_FHCRC, _FEXTRA, _FNAME, _FCOMMENT, _RESERVED = 2, 4, 8, 16, 0xE0
_USUAL_HEADER, _HEADER_LIMIT = 512, 128 * 1024
"""The limit is twice what an extra field can take. A header that comes byte by byte is looked at as often."""

# Its stub declares an instance where there is a class.
_IGZIP_ERROR = cast("type[Exception]", igzip_lib.IsalError)
_REMEDY = "the object is damaged: upload it again from its origin"


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


class Members:
    """The members in `stored`. `name` is what errors call this layer."""

    def __init__(self, stored: Stored, name: str) -> None:
        self._stored = stored
        self._name = name
        self._position = 0

    def pieces(self) -> Iterator[bytes]:
        """The uncompressed bytes; an empty piece for each that `stored` reads."""
        while True:
            yield from self._header()
            yield from self._member()
            # As gzip(1) and Python's gzip do: zeros after a member are padding (tapes, block devices).
            while not self._stored.skip_zeros():
                if not self._stored.read_more():
                    return
                yield b""

    def _header(self) -> Iterator[bytes]:
        while (length := self._header_length()) is None:
            if not self._stored.read_more():
                raise self._truncated()
            yield b""
        self._stored.take(length)

    def _header_length(self) -> int | None:
        """Of the member header that comes next; None: more bytes are needed to know."""
        header = self._stored.peek(_USUAL_HEADER)
        if not MAGIC.startswith(header[: len(MAGIC)]):
            raise UnreadableError(
                f"{self._name} is followed by something else at uncompressed byte {self._position}; {_REMEDY}"
            )
        if len(header) < _FIXED_HEADER:
            return None
        if header[2] != _DEFLATE:
            raise self._corrupt(f"compression method {header[2]} is unknown")
        if header[3] & _RESERVED:
            raise self._corrupt("a member's header has flags that are unknown")
        length = _header_length(header)
        if length is None and self._stored.available > len(header):
            length = _header_length(self._stored.peek(_HEADER_LIMIT))
        if length is None and self._stored.available >= _HEADER_LIMIT:
            raise self._corrupt(f"a member's header is longer than {_HEADER_LIMIT} bytes")
        return length

    def _member(self) -> Iterator[bytes]:
        start, stored = self._position, self._stored
        inflate = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP_NO_HDR)
        while not inflate.eof:
            given = b""
            if inflate.needs_input:
                yield from stored.fill(_INFLATE_INPUT)
                given = stored.take(_INFLATE_INPUT)
                if not given:
                    raise self._truncated()
            try:
                piece: bytes = inflate.decompress(given, _INFLATE_OUTPUT)
            except _IGZIP_ERROR as error:
                raise self._corrupt(str(error)) from None
            self._position += len(piece)
            yield piece
        stored.put_back(inflate.unused_data)
        while stored.available < _TRAILER.size:
            if not stored.read_more():
                raise self._truncated()
            yield b""
        checksum, size = _TRAILER.unpack(stored.take(_TRAILER.size))
        if checksum != inflate.crc:
            raise self._corrupt("the checksum (CRC-32) differs")
        if size != (self._position - start) & 0xFFFFFFFF:
            raise self._corrupt("the length in the trailer differs")

    def _truncated(self) -> UnreadableError:
        return UnreadableError(
            f"truncated: the {self._name} ends early, at uncompressed byte {self._position}; {_REMEDY}"
        )

    def _corrupt(self, reason: str) -> UnreadableError:
        return UnreadableError(
            f"corrupt {self._name} at uncompressed byte {self._position}: {reason}; {_REMEDY}"
        )


def _header_length(header: bytes) -> int | None:
    """None: the end of the header isn't in these bytes."""
    flags = header[3]
    at = _FIXED_HEADER
    if flags & _FEXTRA:
        if len(header) < at + 2:
            return None
        at += 2 + int.from_bytes(header[at : at + 2], "little")
    for flag in (_FNAME, _FCOMMENT):
        if flags & flag:
            at = header.find(b"\0", at) + 1
            if at == 0:
                return None
    at += 2 if flags & _FHCRC else 0
    return at if len(header) >= at else None
