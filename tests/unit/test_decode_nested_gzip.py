"""Gzip within gzip: read like gzip once, and never deeper nor longer than a log is."""

import gzip
import tracemalloc

import pytest
from tests.support.decoding import WIDE, Reading, Stored, decoded, never, reading
from tests.support.entries import batches

from ingestor.formats import Limits

LINES = b"".join(b'{"n":%d}\n' % n for n in range(2_000))
TWICE = gzip.compress(gzip.compress(LINES))


def error_of(data: bytes) -> str:
    error = reading(batches(Stored(data), WIDE, time_is_up=never)).error
    assert error is not None
    return error


def outcome(data: bytes, sizes: list[int] | None = None) -> Reading:
    return reading(batches(Stored(data, sizes or []), WIDE, time_is_up=never))


def test_what_was_gzipped_twice_is_read_like_what_was_gzipped_once() -> None:
    assert outcome(TWICE) == outcome(LINES)
    assert outcome(TWICE, [1]) == outcome(LINES)
    assert outcome(gzip.compress(gzip.compress(LINES[:100]) + gzip.compress(LINES[100:]))) == outcome(LINES)
    halves = gzip.compress(LINES)
    assert outcome(gzip.compress(halves[:50]) + gzip.compress(halves[50:])) == outcome(LINES)


def test_loading_goes_on_in_the_middle_of_it() -> None:
    whole = outcome(LINES)
    few = Limits(chunk_rows=300, chunk_bytes=1_000_000, max_entry_bytes=1_000)
    for batch in decoded(TWICE, few):
        done = batch.first_ordinal + len(batch.values)
        rest = batches(
            Stored(TWICE), WIDE, checkpoint=done, checkpoint_offset=batch.end_offset, time_is_up=never
        )
        assert reading(rest, first_ordinal=done).found == whole.found[done:]


def test_nothing_gzipped_twice_is_a_file_without_entries() -> None:
    for data in (b"", gzip.compress(b""), gzip.compress(b"") * 2):
        assert outcome(gzip.compress(data)) == outcome(b"")


@pytest.mark.parametrize("times", [3, 4, 40])
def test_deeper_than_twice_is_refused(times: int) -> None:
    data = LINES
    for _ in range(times):
        data = gzip.compress(data)
    assert "gzip within gzip" in error_of(data)
    assert "2 deep" in error_of(data)


def test_a_bomb_within_gzip_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(gzip.compress(b" " * 10_000_000) * 100)
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
    assert "a decompression bomb" in str(result.error)
    assert peak < 4_000_000
    # The whole gigabyte takes 7,700 of these.
    assert pieces < 1_000


def test_a_log_that_shrinks_well_is_no_bomb_when_gzipped_twice() -> None:
    data = b'{"time":1795432855268,"msg":"the same"}\n' * 500_000
    assert sum(len(batch.values) for batch in decoded(gzip.compress(gzip.compress(data)))) == 500_000


@pytest.mark.parametrize("cut", [1, 9, 60, 8, 12])
def test_damage_in_either_layer_says_in_which(cut: int) -> None:
    inner = gzip.compress(LINES)
    assert "truncated: the gzip data ends early" in error_of(TWICE[:-cut])
    assert "truncated: the gzip within gzip ends early" in error_of(gzip.compress(inner[:-cut]))
    damaged = bytearray(inner)
    damaged[-8] ^= 1
    assert "corrupt gzip within gzip" in error_of(gzip.compress(bytes(damaged)))


def test_a_header_longer_than_any_real_one_is_refused_however_it_is_read() -> None:
    def named(size: int) -> bytes:
        return b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * size + b"\0" + gzip.compress(LINES)[10:]

    assert outcome(named(100_000)) == outcome(named(100_000), [997]) == outcome(LINES)
    assert "header is longer" in error_of(named(200_000))
    assert outcome(named(131_100)) == outcome(named(131_100), [1_000]) == outcome(named(131_100), [131_090])


def test_flags_that_no_header_may_have_are_damage() -> None:
    data = bytearray(gzip.compress(LINES))
    data[3] = 0x20
    assert "flags" in error_of(bytes(data))
