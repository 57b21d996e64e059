"""One layer of gzip: its members, one after another.

Headers and trailers are read here and only the deflate stream is left to ISA-L (igzip, 3 times as fast as zlib):
so the bytes before a wrong checksum are handed out before the error is raised, and one call's output is bounded
whatever the ratio. The format: https://www.rfc-editor.org/rfc/rfc1952
"""

import struct
from collections.abc import Iterator

from isal import igzip_lib

from ingestor.formats.compression.stored import IGZIP_ERROR, Layer

MAGIC = b"\x1f\x8b"

_DEFLATE = 8
_FIXED_HEADER = 10
_TRAILER = struct.Struct("<II")
_FHCRC, _FEXTRA, _FNAME, _FCOMMENT, _RESERVED = 2, 4, 8, 16, 0xE0
_USUAL_HEADER, _HEADER_LIMIT = 512, 128 * 1024
"""The limit is twice what an extra field can take. A header that comes byte by byte is looked at as often."""


class Members(Layer):
    """The members in `stored`, one after another."""

    def pieces(self) -> Iterator[bytes]:
        """The uncompressed bytes; an empty piece for each that `stored` reads."""
        while True:
            yield from self._header()
            yield from self._member()
            if not (yield from self._is_followed()):
                return

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
            raise self._followed_by_something_else()
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
        yield from self._decoded(inflate, IGZIP_ERROR)
        while stored.available < _TRAILER.size:
            if not stored.read_more():
                raise self._truncated()
            yield b""
        checksum, size = _TRAILER.unpack(stored.take(_TRAILER.size))
        if checksum != inflate.crc:
            raise self._corrupt("the checksum (CRC-32) differs")
        if size != (self._position - start) & 0xFFFFFFFF:
            raise self._corrupt("the length in the trailer differs")


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
