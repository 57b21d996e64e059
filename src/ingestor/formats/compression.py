"""Stored bytes to uncompressed bytes: gzip by its magic number, else plain. The name's suffix never matters.

What was gzipped twice, by a log rotation and then by an upload, is read as if it had been gzipped once.
"""

from collections.abc import Iterator

from ingestor.errors import UnreadableError
from ingestor.formats.gzip_members import MAGIC, Members, Stored
from ingestor.model.source_file import ByteStream

STORED_READ = 256 * 1024
"""At most this many stored bytes are asked for at once."""

_NAMES = ("gzip data", "gzip within gzip")
"""Of the layers that are read, the outermost first."""

_BOMB_RATIO, _BOMB_FLOOR = 2_000, 64 * 1024 * 1024
"""One layer of deflate reaches 1,032, two reach a million. Logs reach 30, in one layer or in two."""


def uncompressed(stream: ByteStream) -> Iterator[bytes]:
    """The uncompressed bytes in pieces of at most 256 KiB, some of them empty: one at least after each read.

    Raises UnreadableError for truncated or corrupt gzip, after all that could be decoded before it, and for gzip within
    gzip that is no log. What `stream.read` raises passes through.
    """
    layers = [Stored(_reads(stream))]
    while True:
        innermost = layers[-1]
        while innermost.available < len(MAGIC) and innermost.read_more():
            yield b""
        if not innermost.starts_with(MAGIC):
            break
        if len(layers) > len(_NAMES):
            raise _no_log(f"more than {len(_NAMES)} deep")
        layers.append(Stored(Members(innermost, _NAMES[len(layers) - 1]).pieces()))
    yield innermost.take(innermost.available)
    while innermost.read_more():
        if len(layers) > len(_NAMES):
            _refuse_bomb(layers[0].received, innermost.received)
        yield innermost.take(innermost.available)


def _reads(stream: ByteStream) -> Iterator[bytes]:
    while piece := stream.read(STORED_READ):
        yield piece


def _refuse_bomb(stored: int, unpacked: int) -> None:
    if unpacked > max(_BOMB_FLOOR, _BOMB_RATIO * stored):
        raise _no_log(f"{_BOMB_RATIO:,} times as long unpacked as stored")


def _no_log(why: str) -> UnreadableError:
    return UnreadableError(
        f"gzip within gzip, {why}: a decompression bomb or an archive, not a log; upload the log that is in it"
    )
