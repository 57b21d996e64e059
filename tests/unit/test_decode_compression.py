"""zstd, bzip2, xz and zip archives of one file are read like gzip: the same promises on damage, bombs and memory."""

import bz2
import gzip
import lzma
import random
import tracemalloc
from collections.abc import Callable

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.decoding import WIDE, Reading, Stored, never, reading
from tests.support.entries import batches
from tests.support.zip_archives import Member, zipped

from ingestor.formats import Limits, compression

LINES = b"".join(b'{"n":%d}\n' % n for n in range(2_000))
type Compress = Callable[[bytes], bytes]


def one_zip(data: bytes) -> bytes:
    return zipped(Member("app.json", data))


def one_stored_zip(data: bytes) -> bytes:
    return zipped(Member("app.json", data, is_deflated=False))


def checked_zstd(data: bytes) -> bytes:
    """As zstd(1) does; Python's own zstd writes no checksum."""
    return zstd.compress(data, options={int(zstd.CompressionParameter.checksum_flag): 1})


COMPRESS: dict[str, Compress] = {
    "zstd": checked_zstd,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": one_zip,
}
JOINED = ["zstd", "bzip2", "xz"]


def outcome(data: bytes, *sizes: int) -> Reading:
    return reading(batches(Stored(data, sizes), WIDE, time_is_up=never))


def error_of(data: bytes, *sizes: int) -> str:
    error = outcome(data, *sizes).error
    assert error is not None
    return error


PLAIN = outcome(LINES)


@pytest.mark.parametrize("name", COMPRESS)
def test_it_is_read_like_plain_text_however_it_is_cut(name: str) -> None:
    data = COMPRESS[name](LINES)
    assert outcome(data) == outcome(data, 1) == outcome(data, 997) == PLAIN
    assert outcome(COMPRESS[name](b"")) == outcome(b"")


@pytest.mark.parametrize("outer", COMPRESS)
@pytest.mark.parametrize("inner", COMPRESS)
def test_two_layers_are_read_and_three_are_refused(outer: str, inner: str) -> None:
    twice = COMPRESS[outer](COMPRESS[inner](LINES))
    assert outcome(twice) == outcome(twice, 100) == PLAIN
    assert outcome(gzip.compress(COMPRESS[inner](LINES))) == PLAIN
    assert f"{inner} within {outer}, more than 2 deep" in error_of(
        COMPRESS[outer](COMPRESS[inner](gzip.compress(LINES)))
    )


@pytest.mark.parametrize("name", JOINED)
def test_joined_streams_are_one_file_and_zeros_behind_are_padding(name: str) -> None:
    compress = COMPRESS[name]
    joined = compress(LINES[:1_003]) + compress(b"") + compress(LINES[1_003:])
    assert outcome(joined) == outcome(joined, 7) == outcome(joined + bytes(4_000)) == PLAIN
    assert "followed by something else at uncompressed byte" in error_of(joined + b"garbage and more")
    assert "ends early" in error_of(joined + compress(LINES)[:2])


def test_a_skippable_frame_of_zstd_holds_nothing() -> None:
    skippable = b"\x53\x2a\x4d\x18\x04\0\0\0abcd"
    assert outcome(skippable + zstd.compress(LINES) + skippable) == PLAIN


@pytest.mark.parametrize("name", COMPRESS)
def test_damage_is_a_permanent_error_that_says_what_and_where(name: str) -> None:
    noise = random.Random(5)  # noqa: S311 - text that hardly shrinks
    lines = b"".join(b'{"n":"%032x"}\n' % noise.getrandbits(128) for _ in range(20_000))
    data = COMPRESS[name](lines)
    for cut in (len(data) // 2, len(data) - 5, 12):
        result = outcome(data[:cut])
        assert f"truncated: the {name} data ends early, at uncompressed byte" in str(result.error)
        assert outcome(data[:cut], 1_000) == result
    if name in {"zstd", "zip"}:  # the others are one block
        assert len(outcome(data[: len(data) // 2]).found) > 5_000
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 0xFF
    result = outcome(bytes(damaged))
    assert f"corrupt {name} data at uncompressed byte" in str(result.error)
    assert "upload it again" in str(result.error)
    assert outcome(bytes(damaged), 1_000) == result


@pytest.mark.parametrize("name", COMPRESS)
def test_damage_in_the_inner_layer_says_so(name: str) -> None:
    inner = COMPRESS[name](LINES)
    assert f"truncated: the {name} within gzip ends early" in error_of(gzip.compress(inner[:-9]))
    assert f"truncated: the gzip within {name} ends early" in error_of(
        COMPRESS[name](gzip.compress(LINES)[:-9])
    )


@pytest.mark.parametrize("name", JOINED)
def test_a_bomb_is_refused_before_it_is_unpacked(name: str) -> None:
    bomb = COMPRESS[name](b" " * 30_000_000) * 30
    pieces = 0

    def counted() -> bool:
        nonlocal pieces
        pieces += 1
        return True

    tracemalloc.start()
    result = reading(batches(Stored(bomb), WIDE, time_is_up=counted))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result.found == []
    assert f"{name} data, 2,000 times as long unpacked as stored: a decompression bomb" in str(result.error)
    assert peak < 16_000_000  # the dictionary of xz among it: 8 MiB
    # All of it takes 6,900 of these, of xz 28,000.
    assert pieces < 3_000


def test_a_bomb_of_nothing_is_refused_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_BOMB_FLOOR", 1_000_000)
    nothing = zstd.compress(gzip.compress(b"") * 200_000)
    assert "a decompression bomb" in error_of(nothing)


def test_what_needs_more_memory_than_it_may_have_is_refused() -> None:
    frame_header = b"\x28\xb5\x2f\xfd\x00" + bytes([(28 - 10) << 3])  # a window of 256 MiB
    assert "needs more memory" in error_of(frame_header + bytes(100))
    huge = [{"id": lzma.FILTER_LZMA2, "dict_size": 256 * 1024 * 1024}]
    assert "needs more memory" in error_of(lzma.LZMACompressor(filters=huge).compress(LINES) + bytes(100))


@pytest.mark.parametrize("name", COMPRESS)
def test_loading_goes_on_in_the_middle(name: str) -> None:
    data = COMPRESS[name](LINES)
    few = Limits(chunk_rows=300, chunk_bytes=1_000_000, max_entry_bytes=1_000)
    for batch in batches(Stored(data), few, time_is_up=never):
        done = batch.first_ordinal + len(batch.values)
        rest = batches(
            Stored(data), WIDE, checkpoint=done, checkpoint_offset=batch.end_offset, time_is_up=never
        )
        assert reading(rest, first_ordinal=done).found == PLAIN.found[done:]


@pytest.mark.parametrize("name", COMPRESS)
def test_a_slow_source_gives_a_sign_of_life_after_each_read(name: str) -> None:
    stream = Stored(COMPRESS[name](LINES), [50])
    signs = sum(1 for _ in batches(stream, WIDE, time_is_up=lambda: True))
    assert signs >= stream.reads - 2


@settings(deadline=None, max_examples=60)  # a layer is set up for each byte that is read
@given(
    name=st.sampled_from(sorted(COMPRESS)),
    place=st.integers(0, 10_000),
    flip=st.integers(0, 255),
    size=st.integers(1, 5_000),
)
def test_one_changed_byte_never_raises_anything_else_nor_depends_on_how_it_is_read(
    name: str, place: int, flip: int, size: int
) -> None:
    data = bytearray(COMPRESS[name](LINES))
    data[place % len(data)] ^= flip
    result = outcome(bytes(data))
    assert outcome(bytes(data), size) == result
    assert result.error is not None or result.found == PLAIN.found or name == "zip"
