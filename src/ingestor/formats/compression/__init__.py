"""Stored bytes to uncompressed bytes: gzip, zstd, bzip2, xz or a zip archive of one file, by the first bytes, or plain.

The name's suffix never matters. What was compressed twice, by a log rotation and then by an upload, is read as if it
had been compressed once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingestor.errors import UnreadableError
from ingestor.formats.compression import gzip_members, streams, zip_archive
from ingestor.formats.compression.stored import Stored
from ingestor.model.source_file import ByteStream

STORED_READ = 256 * 1024
"""At most this many stored bytes are asked for at once."""

_DEEPEST = 2
_BOMB_RATIO, _BOMB_FLOOR = 2_000, 64 * 1024 * 1024
"""One layer of deflate reaches 1,032, and two, or one of bzip2, a million. Logs reach 30, in one layer or in two."""


@dataclass(frozen=True, slots=True)
class _Codec:
    """`begins` are the first bytes that tell it; `unpack` is given a layer's bytes, and what errors call the layer."""

    name: str
    begins: tuple[bytes, ...]
    unpack: Callable[[Stored, str], Iterator[bytes]]


def _gzip(stored: Stored, name: str) -> Iterator[bytes]:
    return gzip_members.Members(stored, name).pieces()


def _zip(stored: Stored, name: str) -> Iterator[bytes]:
    return zip_archive.ZipArchive(stored, name).pieces()


def _of_streams(codec: streams.StreamCodec) -> _Codec:
    return _Codec(
        codec.name, codec.begins, lambda stored, name: streams.Streams(stored, name, codec).pieces()
    )


_CODECS = (
    _Codec("gzip", (gzip_members.MAGIC,), _gzip),
    *map(_of_streams, streams.CODECS),
    _Codec("zip", zip_archive.BEGINS, _zip),
)
_LONGEST_BEGIN = max(len(begin) for codec in _CODECS for begin in codec.begins)


def _unreported(_codec: str) -> None:
    pass


def uncompressed(stream: ByteStream, on_codec: Callable[[str], None] = _unreported) -> Iterator[bytes]:
    """The uncompressed bytes in pieces of at most 256 KiB, some of them empty: one at least after each read.

    `on_codec` is told the name of each layer's compression, the outermost first.

    Raises UnreadableError for truncated or corrupt compression, after all that could be decoded before it, for a zip
    archive of several members, and for what is compressed in a way that no log is. What `stream.read` raises passes
    through.
    """
    layers = _Layers(stream)
    while True:
        while (
            layers.innermost.available < _LONGEST_BEGIN
            and _may_begin(layers.innermost)
            and layers.read_more()
        ):
            yield b""
        codec = _codec_of(layers.innermost)
        if codec is None:
            break
        layers.add(codec)
        on_codec(codec.name)
    innermost = layers.innermost
    yield innermost.take(innermost.available)
    while layers.read_more():
        yield innermost.take(innermost.available)


class _Layers:
    """What is stored, and what comes out of each layer of compression, the outermost first."""

    def __init__(self, stream: ByteStream) -> None:
        self._stored = [Stored(_reads(stream))]
        self._codecs: list[str] = []
        self._name = ""

    @property
    def innermost(self) -> Stored:
        return self._stored[-1]

    def add(self, codec: _Codec) -> None:
        if len(self._codecs) == _DEEPEST:
            raise self._no_log(f"more than {_DEEPEST} deep")
        self._name = f"{codec.name} within {self._codecs[-1]}" if self._codecs else f"{codec.name} data"
        self._codecs.append(codec.name)
        self._stored.append(Stored(codec.unpack(self.innermost, self._name)))

    def read_more(self) -> bool:
        """Raises UnreadableError where more comes out of a layer than of any log."""
        has_more = self.innermost.read_more()
        if self._codecs and self._codecs != ["gzip"]:
            longest = max(each.received for each in self._stored[1:])
            if longest > max(_BOMB_FLOOR, _BOMB_RATIO * self._stored[0].received):
                raise self._no_log(f"{_BOMB_RATIO:,} times as long unpacked as stored")
        return has_more

    def _no_log(self, why: str) -> UnreadableError:
        return UnreadableError(
            f"{self._name}, {why}: a decompression bomb or an archive, not a log; upload the log that is in it"
        )


def _codec_of(stored: Stored) -> _Codec | None:
    return next((codec for codec in _CODECS if any(map(stored.starts_with, codec.begins))), None)


def _may_begin(stored: Stored) -> bool:
    """Whether with more bytes it could be told that a codec begins here, which is not told yet."""
    head = stored.peek(_LONGEST_BEGIN)
    return _codec_of(stored) is None and any(
        begin.startswith(head) for codec in _CODECS for begin in codec.begins
    )


def _reads(stream: ByteStream) -> Iterator[bytes]:
    while piece := stream.read(STORED_READ):
        yield piece
