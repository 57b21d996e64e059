"""Stored bytes to uncompressed bytes: gzip by its magic number, else plain. The name's suffix never matters.

Headers and trailers are read here and only the deflate stream is left to ISA-L (igzip, 3 times as fast as zlib):
so the bytes before a wrong checksum are handed out before the error is raised, and one call's output is bounded
whatever the ratio. The format: https://www.rfc-editor.org/rfc/rfc1952
"""

import re
import struct
from collections.abc import Iterator
from typing import cast

from isal import igzip_lib

from ingestor.errors import UnreadableError
from ingestor.source_file import ByteStream

STORED_READ = 256 * 1024
"""At most this many stored bytes are asked for at once."""

_INFLATE_INPUT = 16 * 1024
"""What is given to igzip at once: the output of the call that meets corrupt data is lost, so it is kept short."""

_INFLATE_OUTPUT = 128 * 1024
_MAGIC = b"\x1f\x8b"
_DEFLATE = 8
_FIXED_HEADER = 10
_ZEROS = re.compile(rb"\0*+")
_TRAILER = struct.Struct("<II")
_FHCRC, _FEXTRA, _FNAME, _FCOMMENT = 2, 4, 8, 16
_HEADER_LIMIT = 1024 * 1024
# Its stub declares an instance where there is a class.
_IGZIP_ERROR = cast("type[Exception]", igzip_lib.IsalError)
_REMEDY = "the object is damaged: upload it again from its origin"


def uncompressed(stream: ByteStream) -> Iterator[bytes]:
    """The uncompressed bytes in pieces of at most 256 KiB, some of them empty: one at least after each read.

    Raises UnreadableError for truncated or corrupt gzip, after all that could be decoded before it. What
    `stream.read` raises passes through.
    """
    stored = _Stored(stream)
    while stored.available < len(_MAGIC) and stored.read_more():
        yield b""
    if stored.starts_with(_MAGIC):
        yield from _members(stored)
        return
    yield stored.take(stored.available)
    while stored.read_more():
        yield stored.take(stored.available)


class _Stored:
    """The stored bytes not consumed yet."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._data = b""
        self._at = 0

    @property
    def available(self) -> int:
        return len(self._data) - self._at

    def read_more(self) -> bool:
        """One read; False at the end of the stream."""
        piece = self._stream.read(STORED_READ)
        if piece:
            self._data = self._data[self._at :] + piece
            self._at = 0
        return bool(piece)

    def starts_with(self, prefix: bytes) -> bool:
        return self._data.startswith(prefix, self._at)

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
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

    def header_length(self, position: int) -> int | None:
        """Of the member header that comes next; None: more bytes are needed to know."""
        data, start = self._data, self._at
        if not _MAGIC.startswith(data[start : start + 2]):
            raise UnreadableError(
                f"gzip data is followed by something else at uncompressed byte {position}; {_REMEDY}"
            )
        if self.available < _FIXED_HEADER:
            return None
        if data[start + 2] != _DEFLATE:
            raise _corrupt(position, f"compression method {data[start + 2]} is unknown")
        end = _header_end(data, start)
        if end is None and self.available > _HEADER_LIMIT:
            raise _corrupt(position, "a member's header has no end")
        return None if end is None else end - start


def _members(stored: _Stored) -> Iterator[bytes]:
    position = 0
    while True:
        yield from _header(stored, position)
        for piece in _member(stored, position):
            position += len(piece)
            yield piece
        # As gzip(1) and Python's gzip do: zeros after a member are padding (tapes, block devices).
        while not stored.skip_zeros():
            if not stored.read_more():
                return
            yield b""


def _header(stored: _Stored, position: int) -> Iterator[bytes]:
    while (length := stored.header_length(position)) is None:
        if not stored.read_more():
            raise _truncated(position)
        yield b""
    stored.take(length)


def _header_end(data: bytes, start: int) -> int | None:
    flags = data[start + 3]
    at = start + _FIXED_HEADER
    if flags & _FEXTRA:
        if len(data) < at + 2:
            return None
        at += 2 + int.from_bytes(data[at : at + 2], "little")
    for flag in (_FNAME, _FCOMMENT):
        if flags & flag:
            at = data.find(b"\0", at) + 1
            if at == 0:
                return None
    at += 2 if flags & _FHCRC else 0
    return at if len(data) >= at else None


def _member(stored: _Stored, position: int) -> Iterator[bytes]:
    start = position
    inflate = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP_NO_HDR)
    while not inflate.eof:
        if inflate.needs_input and not stored.available and not stored.read_more():
            raise _truncated(position)
        given = stored.take(_INFLATE_INPUT) if inflate.needs_input else b""
        try:
            piece: bytes = inflate.decompress(given, _INFLATE_OUTPUT)
        except _IGZIP_ERROR as error:
            raise _corrupt(position, str(error)) from None
        position += len(piece)
        yield piece
    stored.put_back(inflate.unused_data)
    while stored.available < _TRAILER.size:
        if not stored.read_more():
            raise _truncated(position)
        yield b""
    checksum, size = _TRAILER.unpack(stored.take(_TRAILER.size))
    if checksum != inflate.crc:
        raise _corrupt(position, "the checksum (CRC-32) differs")
    if size != (position - start) & 0xFFFFFFFF:
        raise _corrupt(position, "the length in the trailer differs")


def _truncated(position: int) -> UnreadableError:
    return UnreadableError(f"truncated: the gzip data ends early, at uncompressed byte {position}; {_REMEDY}")


def _corrupt(position: int, reason: str) -> UnreadableError:
    return UnreadableError(f"corrupt gzip data at uncompressed byte {position}: {reason}; {_REMEDY}")
