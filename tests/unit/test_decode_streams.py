"""Compression, damage, limits and time: what the bytes come through and how they are passed on."""

import gzip
import random
import zlib

import pytest
from tests.support.decoding import WIDE, Stored, decoded, found, never, reading, values_of
from tests.support.entries import batches

from ingestor.errors import SourceUnavailableError, UnreadableError
from ingestor.formats import Limits
from ingestor.formats.json import bulk, scanner
from ingestor.formats.json.layout import Layout
from ingestor.model.entry import Batch, Malformed, Value

LINES = b"".join(b'{"n":%d}\n' % n for n in range(2_000))
MEMBER = gzip.compress(LINES)


def texts(batch: Batch) -> list[bytes]:
    return [found(value, batch.offset_of(index)).original for index, value in enumerate(batch.values)]


def count(data: bytes) -> int:
    return sum(len(batch.values) for batch in decoded(data))


def collected(stream: Stored) -> tuple[list[Batch], Exception]:
    parts: list[Batch] = []
    with pytest.raises((UnreadableError, SourceUnavailableError)) as caught:
        parts.extend(batches(stream, WIDE, time_is_up=never))
    return parts, caught.value


def test_any_number_of_gzip_members_is_one_file() -> None:
    assert count(MEMBER) == 2_000
    assert count(MEMBER * 3) == 6_000
    assert count(gzip.compress(b"") + MEMBER + gzip.compress(b"")) == 2_000


def test_an_entry_may_span_gzip_members() -> None:
    assert [entry.original for entry in values_of(gzip.compress(b'{"a"') + gzip.compress(b":1}"))] == [
        b'{"a":1}'
    ]


def test_members_that_are_each_an_array_are_one_file() -> None:
    assert count(gzip.compress(b'[{"a":1}]\n') * 3) == 3


def test_zeros_after_a_member_are_padding() -> None:
    assert count(MEMBER + bytes(100_000)) == 2_000


def test_a_header_with_name_comment_extra_and_checksum_is_skipped() -> None:
    header = b"\x1f\x8b\x08\x1e" + bytes(6) + b"\x03\x00abc" + b"name.json\0" + b"comment\0" + b"\x12\x34"
    assert [entry.original for entry in values_of(header + gzip.compress(b"{}")[10:])] == [b"{}"]


@pytest.mark.parametrize("cut", [2, 9, 12, len(MEMBER) // 2, len(MEMBER) - 8, len(MEMBER) - 1])
def test_a_truncated_gzip_is_a_permanent_error_after_its_entries(cut: int) -> None:
    parts, error = collected(Stored(MEMBER[:cut]))
    assert isinstance(error, UnreadableError)
    assert "truncated" in str(error)
    assert "upload it again" in str(error)
    assert not any(batch.is_last for batch in parts)
    assert all(not isinstance(value, Malformed) for batch in parts for value in batch.values)
    assert cut < len(MEMBER) - 8 or sum(len(batch.values) for batch in parts) == 2_000


def test_a_wrong_checksum_or_length_is_found_after_the_entries() -> None:
    for place in (-8, -4):
        damaged = bytearray(MEMBER)
        damaged[place] ^= 1
        parts, error = collected(Stored(bytes(damaged)))
        assert f"byte {len(LINES)}" in str(error)
        assert sum(len(batch.values) for batch in parts) == 2_000


def test_corrupt_deflate_data_is_a_permanent_error() -> None:
    _, error = collected(Stored(MEMBER[:10] + b"\xff" * 50))
    assert "corrupt gzip data at uncompressed byte 0" in str(error)


@pytest.mark.parametrize("count", [10, 300, 3_000])
def test_the_entries_before_corrupt_data_are_the_same_however_it_is_read(count: int) -> None:
    noise = random.Random(count)  # noqa: S311 - text that hardly shrinks
    lines = b"".join(b'{"n":"%032x"}\n' % noise.getrandbits(128) for _ in range(count))
    deflate = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    good = deflate.compress(lines) + deflate.flush(zlib.Z_FULL_FLUSH)
    # 7 begins the last block, of a type that there isn't.
    damaged = good + b"\7" + bytes(9_000)
    expected = reading(batches(Stored(damaged), WIDE, time_is_up=never))
    assert "corrupt gzip data" in str(expected.error)
    assert len(expected.found) > count - 300
    for sizes in ([1_000], [4_096, 3], [70_000], [1]):
        assert reading(batches(Stored(damaged, sizes), WIDE, time_is_up=never)) == expected


def test_garbage_after_a_member_is_a_permanent_error() -> None:
    parts, error = collected(Stored(MEMBER + b"garbage"))
    assert f"byte {len(LINES)}" in str(error)
    assert sum(len(batch.values) for batch in parts) == 2_000


def test_the_streams_own_error_comes_through_as_it_is() -> None:
    broken = SourceUnavailableError("s3://bucket/key: reset")
    for data in (LINES, MEMBER[:-8]):
        parts, error = collected(Stored(data, error=broken))
        assert error is broken
        assert sum(len(batch.values) for batch in parts) == 2_000


def test_no_more_than_256_kib_are_read_at_once() -> None:
    class Asked(Stored):
        largest = 0

        def read(self, size: int, /) -> bytes:
            self.largest = max(self.largest, size)
            return super().read(size)

    stream = Asked(LINES * 100)
    assert sum(len(batch.values) for batch in batches(stream, WIDE, time_is_up=never)) == 200_000
    assert stream.largest == 256 * 1024


def test_batches_keep_to_rows_and_bytes() -> None:
    by_rows = decoded(LINES, Limits(chunk_rows=300, chunk_bytes=1_000_000, max_entry_bytes=1_000))
    assert [len(batch.values) for batch in by_rows] == [300] * 6 + [200]
    assert [batch.is_last for batch in by_rows] == [False] * 6 + [True]
    by_bytes = decoded(LINES, Limits(chunk_rows=5_000, chunk_bytes=1_000, max_entry_bytes=1_000))
    assert max(sum(map(len, texts(batch))) for batch in by_bytes) <= 1_000


def test_an_entry_larger_than_a_chunk_is_a_batch_of_its_own() -> None:
    text = b'{"a":"' + b"x" * 5_000 + b'"}'
    parts = decoded(b"{}\n" + text + b"\n{}", Limits(chunk_rows=10, chunk_bytes=100, max_entry_bytes=10_000))
    assert [text] in [texts(batch) for batch in parts]


@pytest.mark.parametrize(
    "data", [LINES, MEMBER, b"[" + b'{"a":"' + b"x" * 5_000 + b'"}', b"{" + b" " * 5_000, b" " * 5_000]
)
def test_a_slow_source_gives_a_sign_of_life_after_each_read(data: bytes) -> None:
    stream = Stored(data, [500])
    signs = 0
    try:
        for batch in batches(stream, Limits(100_000, 1_000_000, 100), time_is_up=lambda: True):
            signs += not batch.is_last
    except UnreadableError:
        pass
    assert signs >= stream.reads - 2


def test_skipping_to_a_checkpoint_gives_signs_of_life() -> None:
    stream = Stored(LINES, [500])
    parts = list(
        batches(stream, WIDE, checkpoint=1_999, checkpoint_offset=len(LINES) - 11, time_is_up=lambda: True)
    )
    assert len(parts) > len(LINES) // 500
    assert [text for batch in parts for text in texts(batch)] == [b'{"n":1999}']
    assert {(batch.first_ordinal, batch.end_offset) for batch in parts[:-2]} == {(1_999, len(LINES) - 11)}


def test_a_file_shorter_than_its_checkpoint_is_a_permanent_error() -> None:
    with pytest.raises(UnreadableError, match="checkpoint"):
        list(batches(Stored(LINES), WIDE, checkpoint=5, checkpoint_offset=len(LINES) + 1, time_is_up=never))


HOSTILE = {
    "a string of },{": b'[{"a":1},{"a":"' + b"},{" * 300_000 + b'"},{"a":2}]',
    "lines of brackets": b"{}\n" + (b"[" * 500_000 + b"\n") * 2,
    "nested arrays of objects": b'[{"a":1},{"a":[' + b'{"a":1},' * 150_000 + b'{"a":2}]},{"a":3}]',
    "escapes": b'[{"a":1},{"a":"' + b'\\"},{' * 200_000 + b'"},{"a":2}]',
    "a malformed entry among two": b'[{"a":1}' + b',{"a":1},{"a":01}' * 60_000 + b"]",
    "numbers among lines": b'{"a":1}\n1\n' * 60_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_looked_at_a_bounded_number_of_times(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = HOSTILE[name]
    scanned = parsed = 0
    advance, parse = scanner.Balance.advance, bulk.parse

    def counting_advance(self: scanner.Balance, text: bytes, at: int) -> scanner.Stop:
        nonlocal scanned
        stop = advance(self, text, at)
        scanned += self.at - at
        return stop

    def counting_parse(text: bytes, layout: Layout, offset: int, limit: int) -> bulk.Parsed | bulk.NotParsed:
        nonlocal parsed
        parsed += len(text)
        return parse(text, layout, offset, limit)

    monkeypatch.setattr(scanner.Balance, "advance", counting_advance)
    monkeypatch.setattr(bulk, "parse", counting_parse)
    limits = Limits(20_000, 256 * 1024, 100_000)
    entries = sum(len(batch.values) for batch in decoded(data, limits))
    assert entries > 0
    assert scanned <= 2 * len(data)
    # Attempts that fail look at 4 KiB at least, and each goes past one entry at least.
    assert parsed <= 4 * len(data) + 2 * 4096 * entries


def test_the_beginning_of_a_bom_alone_is_a_malformed_entry_even_in_the_smallest_windows() -> None:
    parts = decoded(b"\xef\xbb", Limits(chunk_rows=10, chunk_bytes=1, max_entry_bytes=100), sizes=[1])
    assert [text for batch in parts for text in texts(batch)] == [b"\xef\xbb"]


def test_a_cut_right_after_the_first_newline_decides_no_layout() -> None:
    broken = SourceUnavailableError("s3://bucket/key: reset")
    for time_is_up in (never, lambda: True):
        stream = Stored(b'{\n"a":1}'[:2], [1], broken)
        values: list[Value] = []
        with pytest.raises(SourceUnavailableError):
            values.extend(v for batch in batches(stream, WIDE, time_is_up=time_is_up) for v in batch.values)
        assert values == []


def test_the_start_of_an_entry_over_the_limit_has_no_holes() -> None:
    text = b'{"a":1}' + b" " * 10 + b"x" * 10
    parts = decoded(b"[" + text + b"]", Limits(chunk_rows=10, chunk_bytes=1, max_entry_bytes=8))
    assert [text] == [text for batch in parts for text in texts(batch)]
