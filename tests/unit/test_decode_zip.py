"""Zip archives of one file are read whoever wrote them; others are refused by what they are."""

import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.decoding import WIDE, Reading, Stored, never, reading
from tests.support.entries import batches
from tests.support.zip_archives import Member, zipped, zipped_in_a_stream

LINES = b"".join(b'{"n":%d}\n' % n for n in range(2_000))
FILE = Member("app.json", LINES)
STORED_FILE = Member("app.json", LINES, is_deflated=False)


def outcome(data: bytes, *sizes: int) -> Reading:
    return reading(batches(Stored(data, sizes), WIDE, time_is_up=never))


def error_of(data: bytes) -> str:
    error = outcome(data).error
    assert error is not None
    assert outcome(data, 1).error == error
    return error


PLAIN = outcome(LINES)


@pytest.mark.parametrize("member", [FILE, STORED_FILE])
def test_it_is_read_whether_its_sizes_come_before_or_behind(member: Member) -> None:
    for is_large in (True, False):
        data = zipped_in_a_stream(member, is_large=is_large)
        assert outcome(data) == outcome(data, 11) == PLAIN
        # Without a signature nothing tells where stored data ends.
        bare = zipped_in_a_stream(member, is_large=is_large, has_signature=False)
        assert (outcome(bare) == PLAIN) is member.is_deflated
    assert outcome(zipped(member, comment=b"of one file")) == outcome(zipped(member) + bytes(3_000)) == PLAIN


def test_sizes_of_64_bits_in_front_are_read(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        with (
            zipfile.ZipFile(tmp_path / "x.zip", "w", method) as archive,
            archive.open("app.json", "w", force_zip64=True) as file,
        ):
            file.write(LINES)
        assert outcome((tmp_path / "x.zip").read_bytes()) == PLAIN


def test_a_file_in_a_folder_is_one_file() -> None:
    assert outcome(zipped(Member("logs/", b"", is_deflated=False), Member("logs/app.json", LINES))) == PLAIN
    assert "a folder in it has data" in error_of(zipped(Member("logs/", b"{}", is_deflated=False)))


def test_data_that_looks_like_its_own_end_is_data() -> None:
    text = b'{"a":"PK\7\x08' + struct.pack("<III", zlib.crc32(b'{"a":"'), 6, 7) + b'PK\1\2"}\n'
    text = text + b'{"b":"PK\7\x08"}\n' * 100
    assert outcome(zipped_in_a_stream(Member("a", text, is_deflated=False))) == outcome(text)


def test_several_files_are_refused_by_name_before_any_entry() -> None:
    for data in (
        zipped(FILE, Member("b.json", LINES)),
        zipped_in_a_stream(FILE, Member("b.json", LINES)),
    ):
        result = outcome(data)
        assert result.found == []
        assert "a zip archive with several files (app.json, b.json), not a log" in str(result.error)
        assert "upload the files that are in it" in str(result.error)
    many = zipped(*(Member(f"{n}.json", LINES) for n in range(9)))
    assert "(0.json, 1.json, 2.json …)" in error_of(many)


def test_a_second_file_in_a_large_archive_is_found_when_it_comes() -> None:
    large = b'{"a":1}\n' * 50_000
    result = outcome(zipped(Member("a.json", large, is_deflated=False), FILE))
    assert len(result.found) == 50_000
    assert "several files (a.json, app.json)" in str(result.error)


def test_what_is_not_read_says_why() -> None:
    assert "without a file" in error_of(zipped())
    assert "without a file" in error_of(zipped(Member("logs/", b"", is_deflated=False)))
    encrypted = bytearray(zipped(FILE))
    encrypted[6] |= 1
    assert "an encrypted zip archive" in error_of(bytes(encrypted))
    other = bytearray(zipped(FILE))
    other[8] = 14
    assert "is compressed with LZMA" in error_of(bytes(other))
    assert "a part of a split zip archive" in error_of(b"PK\7\x08" + zipped(FILE))


def test_damage_says_what_and_where() -> None:
    data = zipped(FILE)
    for cut in (3, 29, 36, 500, len(data) - 60, len(data) - 1):
        assert cut == 3 or "truncated: the zip data ends early" in error_of(data[:cut])
    wrong = bytearray(data)
    wrong[14] ^= 1
    assert f"corrupt zip data at uncompressed byte {len(LINES)}: the checksum" in error_of(bytes(wrong))
    assert outcome(bytes(wrong)).found == PLAIN.found
    assert "followed by something else" in error_of(data + b"more")
    described = bytearray(zipped_in_a_stream(FILE))
    described[described.index(b"PK\7\x08") + 4] ^= 1
    assert "behind the data differs" in error_of(bytes(described))


@settings(deadline=None, max_examples=100)
@given(
    place=st.integers(0, 10_000),
    flip=st.integers(0, 255),
    size=st.integers(3, 5_000),
    is_streamed=st.booleans(),
)
def test_a_changed_byte_never_depends_on_how_it_is_read(
    place: int, flip: int, size: int, *, is_streamed: bool
) -> None:
    data = bytearray(zipped_in_a_stream(FILE) if is_streamed else zipped(FILE))
    data[place % len(data)] ^= flip
    assert outcome(bytes(data), size) == outcome(bytes(data))
