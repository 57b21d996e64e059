"""One layer of zstd, bzip2 or xz: frames or streams, one after another, as their own tools write and join them.

https://www.rfc-editor.org/rfc/rfc8878 (zstd; a skippable frame holds nothing)
https://tukaani.org/xz/xz-file-format.txt (a stream may be followed by zeros)
"""

import bz2
import lzma
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingestor.errors import UnreadableError
from ingestor.formats.compression.stored import Decoder, Layer, Stored

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_ZSTD_WINDOW_LOG = 27
"""128 MiB, the most that zstd(1) unpacks unless it is told to, and writes with `--ultra -22` or `--long`."""

_XZ_MEMORY = 100 * 1024 * 1024
"""`xz -9` needs 65 MiB to unpack."""

_TOO_MUCH_MEMORY = ("Memory usage limit", "too much memory")


@dataclass(frozen=True, slots=True)
class StreamCodec:
    """`begins` are the first bytes of a stream; `decoder` reads one, and raises `refused` where it is corrupt."""

    name: str
    begins: tuple[bytes, ...]
    decoder: Callable[[], Decoder]
    refused: tuple[type[Exception], ...]


def _zstd() -> Decoder:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})


def _xz() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


CODECS = (
    StreamCodec(
        "zstd",
        (b"\x28\xb5\x2f\xfd", *(bytes([first]) + b"\x2a\x4d\x18" for first in range(0x50, 0x60))),
        _zstd,
        (zstd.ZstdError,),
    ),
    StreamCodec(
        "bzip2",
        tuple(b"BZh%d" % level + block for level in range(1, 10) for block in (b"1AY&SY", b"\x17rE8P\x90")),
        bz2.BZ2Decompressor,
        (OSError, ValueError),
    ),
    StreamCodec("xz", (b"\xfd7zXZ\0",), _xz, (lzma.LZMAError,)),
)


class Streams(Layer):
    def __init__(self, stored: Stored, name: str, codec: StreamCodec) -> None:
        super().__init__(stored, name)
        self._codec = codec

    def pieces(self) -> Iterator[bytes]:
        """The uncompressed bytes; an empty piece for each that `stored` reads."""
        longest = max(map(len, self._codec.begins))
        while True:
            yield from self._decoded(self._codec.decoder(), self._codec.refused)
            if not (yield from self._is_followed()):
                return
            yield from self._stored.fill(longest)
            head = self._stored.peek(longest)
            if any(map(head.startswith, self._codec.begins)):
                continue
            if any(begin.startswith(head) for begin in self._codec.begins):
                raise self._truncated()
            raise self._followed_by_something_else()

    def _corrupt(self, reason: str) -> UnreadableError:
        if any(part in reason for part in _TOO_MUCH_MEMORY):
            return UnreadableError(
                f"the {self._name} needs more memory to be unpacked than any function should give it; compress it with "
                f"`zstd -19`, `xz -9` or less"
            )
        return super()._corrupt(reason)
