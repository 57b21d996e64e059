"""One layer of zip: the one file that is in the archive, read from the front, as the bytes come.

Folders don't count. Where an archive is at most 256 KiB, several files in it are found before the first of them is
handed out, and in any case before the end. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

import struct
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from isal import igzip_lib

from ingestor.errors import UnreadableError
from ingestor.formats.compression.stored import IGZIP_ERROR, Layer, Stored
from ingestor.visible_text import visible

_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END64, _LOCATOR64, _DESCRIPTOR = b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"
BEGINS = (_LOCAL, _END)

_LOOKED_AHEAD = 256 * 1024
_PIECE = 64 * 1024
_LOCAL_HEADER = struct.Struct("<4xHHHHHIIIHH")
_CENTRAL_HEADER = struct.Struct("<4x24xHHH12x")
_END_RECORD = struct.Struct("<4x8xII")
_ENCRYPTED, _DESCRIBED = 0x0001, 0x0008
_STORED, _DEFLATED = 0, 8
_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "zstd", 95: "xz", 99: "AES encryption"}
_IN_EXTRA, _ZIP64 = 0xFFFFFFFF, 0x0001
_NAMES_SHOWN, _NAME_SHOWN = 3, 60
_LONGEST_DESCRIPTOR = 4 + 4 + 8 + 8
_SIGNATURE = 4


@dataclass(frozen=True, slots=True)
class _Header:
    """Of one member. Sizes and checksum are 0 where `is_described`: behind the data."""

    name: str
    is_described: bool
    method: int
    checksum: int
    packed: int
    unpacked: int


class ZipArchive(Layer):
    def __init__(self, stored: Stored, name: str) -> None:
        super().__init__(stored, name)
        self._members = 0
        self._file: str | None = None

    def pieces(self) -> Iterator[bytes]:
        """The file's uncompressed bytes; an empty piece for each that `stored` reads.

        Raises UnreadableError that names the files where there are several, for one that is encrypted or compressed
        in a way that isn't read, and for a damaged archive.
        """
        yield from self._stored.fill(_LOOKED_AHEAD)
        names = _names_in(self._stored.peek(_LOOKED_AHEAD)) if self._stored.available < _LOOKED_AHEAD else []
        if len(names) > 1:
            raise _several(names)
        while (yield from self._signature()) == _LOCAL:
            yield from self._member()
        yield from self._directory()
        if self._file is None:
            raise UnreadableError("this is a zip archive without a file, not a log; upload the log itself")
        if (yield from self._is_followed()):
            raise self._followed_by_something_else()

    def _signature(self) -> Generator[bytes, None, bytes]:
        yield from self._stored.fill(_SIGNATURE)
        return self._stored.peek(_SIGNATURE)

    def _take(self, size: int) -> Generator[bytes, None, bytes]:
        yield from self._stored.fill(size)
        taken = self._stored.take(size)
        if len(taken) < size:
            raise self._truncated()
        return taken

    def _member(self) -> Iterator[bytes]:
        header = yield from self._header()
        is_file = not header.name.endswith("/")
        if is_file:
            if self._file is not None:
                raise _several([self._file, header.name])
            self._file = header.name
        self._members += 1
        start, began, checksum = self._position, self._stored.consumed, 0
        for piece in self._data(header):
            checksum = zlib.crc32(piece, checksum)
            if piece and not is_file:
                raise self._corrupt("a folder in it has data")
            yield piece
        sizes = (self._stored.consumed - began, self._position - start)
        if header.is_described:
            yield from self._descriptor(checksum, *sizes)
        elif checksum != header.checksum:
            raise self._corrupt("the checksum (CRC-32) differs")
        elif sizes != (header.packed, header.unpacked):
            raise self._corrupt("the length in the header differs")

    def _header(self) -> Generator[bytes, None, _Header]:
        fixed = yield from self._take(_LOCAL_HEADER.size)
        _, flags, method, _, _, checksum, packed, unpacked, name_size, extra_size = _LOCAL_HEADER.unpack(
            fixed
        )
        name = yield from self._take(name_size)
        extra = yield from self._take(extra_size)
        if flags & _ENCRYPTED:
            raise UnreadableError(
                "this is an encrypted zip archive, not a log; decrypt it before it is uploaded"
            )
        if method not in (_STORED, _DEFLATED):
            called = _METHODS.get(method, f"method {method}")
            raise UnreadableError(
                f"the file in the zip archive is compressed with {called}, which isn't read; upload it alone, with "
                "gzip, zstd, bzip2, xz or no compression"
            )
        packed, unpacked = _sizes(packed, unpacked, extra)
        return _Header(
            name.decode("utf-8", "replace"), bool(flags & _DESCRIBED), method, checksum, packed, unpacked
        )

    def _data(self, header: _Header) -> Iterator[bytes]:
        if header.method == _DEFLATED:
            inflate = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE)
            return self._decoded(inflate, IGZIP_ERROR)
        if header.is_described and not header.packed:
            return self._until_described()
        return self._of_length(header.packed)

    def _of_length(self, size: int) -> Iterator[bytes]:
        while size:
            yield from self._stored.fill(1)
            piece = self._stored.take(min(size, _PIECE))
            if not piece:
                raise self._truncated()
            size -= len(piece)
            self._position += len(piece)
            yield piece

    def _until_described(self) -> Iterator[bytes]:
        """Stored data of unknown length ends where a descriptor is true of all that came before it."""
        checksum = length = 0
        while True:
            yield from self._stored.fill(_PIECE)
            at = self._stored.find(_DESCRIPTOR, _PIECE)
            # What may be the beginning of a descriptor stays until all of it is there.
            until = at if at >= 0 else max(min(self._stored.available, _PIECE) - _SIGNATURE + 1, 0)
            piece = self._stored.take(until)
            checksum, length = zlib.crc32(piece, checksum), length + until
            self._position += until
            yield piece
            if at >= 0:
                yield from self._stored.fill(_LONGEST_DESCRIPTOR + _SIGNATURE)
                if self._described(checksum, length, length) is not None:
                    return
                piece = self._stored.take(1)
                checksum, length = zlib.crc32(piece, checksum), length + 1
                self._position += 1
                yield piece
            elif not until:
                raise self._truncated()

    def _descriptor(self, checksum: int, packed: int, unpacked: int) -> Iterator[bytes]:
        yield from self._stored.fill(_LONGEST_DESCRIPTOR + _SIGNATURE)
        size = self._described(checksum, packed, unpacked)
        if size is None:
            if self._stored.available < _LONGEST_DESCRIPTOR:
                raise self._truncated()
            raise self._corrupt("the checksum (CRC-32) or the length behind the data differs")
        self._stored.take(size)

    def _described(self, checksum: int, packed: int, unpacked: int) -> int | None:
        """The length of the descriptor that comes next, if it says so: with a signature or not, of 32 or 64 bits."""
        next_bytes = self._stored.peek(_LONGEST_DESCRIPTOR + _SIGNATURE)
        small = struct.pack("<III", checksum, packed & _IN_EXTRA, unpacked & _IN_EXTRA)
        large = struct.pack("<IQQ", checksum, packed, unpacked)
        for expected in (_DESCRIPTOR + small, _DESCRIPTOR + large, small, large):
            behind = next_bytes[len(expected) : len(expected) + _SIGNATURE]
            if next_bytes.startswith(expected) and behind in (_LOCAL, _CENTRAL):
                return len(expected)
        return None

    def _directory(self) -> Iterator[bytes]:
        """To the end of the archive. Its directory repeats what stands before the members."""
        listed = 0
        while (signature := (yield from self._signature())) != _END:
            if signature == _CENTRAL:
                listed += 1
                fixed = yield from self._take(_CENTRAL_HEADER.size)
                yield from self._take(sum(_CENTRAL_HEADER.unpack(fixed)))
            elif signature == _END64:
                record = yield from self._take(_SIGNATURE + 8)
                yield from self._take(min(int.from_bytes(record[_SIGNATURE:], "little"), _LOOKED_AHEAD))
            elif signature == _LOCATOR64:
                yield from self._take(20)
            elif len(signature) < _SIGNATURE:
                raise self._truncated()
            else:
                raise self._corrupt("what follows the file is no part of an archive")
        record = yield from self._take(22)
        yield from self._take(int.from_bytes(record[20:], "little"))
        if listed != self._members:
            raise self._corrupt(f"it lists {listed} members and has {self._members}")


def _sizes(packed: int, unpacked: int, extra: bytes) -> tuple[int, int]:
    """Packed and unpacked, from the extra field of zip64 where the header has no room for them."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == _ZIP64:
            if unpacked == _IN_EXTRA:
                unpacked, field = int.from_bytes(field[:8], "little"), field[8:]
            if packed == _IN_EXTRA:
                packed = int.from_bytes(field[:8], "little")
    return packed, unpacked


def _names_in(archive: bytes) -> list[str]:
    """Of the files in a whole archive, by its directory; none where it has no end that can be read."""
    end = archive.rfind(_END)
    if end < 0 or len(archive) < end + 22:
        return []
    size, _ = _END_RECORD.unpack_from(archive, end)
    at, names = end - size, []
    while 0 <= at <= end - _CENTRAL_HEADER.size and archive.startswith(_CENTRAL, at):
        name_size, extra_size, comment_size = _CENTRAL_HEADER.unpack_from(archive, at)
        at += _CENTRAL_HEADER.size
        names.append(archive[at : at + name_size].decode("utf-8", "replace"))
        at += name_size + extra_size + comment_size
    return [name for name in names if not name.endswith("/")]


def _several(names: list[str]) -> UnreadableError:
    shown = ", ".join(visible(name[:_NAME_SHOWN]) for name in names[:_NAMES_SHOWN])
    more = " …" if len(names) > _NAMES_SHOWN else ""
    return UnreadableError(
        f"this is a zip archive with several files ({shown}{more}), not a log; upload the files that are in it"
    )
