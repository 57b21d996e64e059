"""What is no log in a known format is refused at once and said by name; what only begins oddly is read."""

import gzip
import io
import random
import sqlite3
import sys
import tarfile
import zlib
from pathlib import Path

import pytest
from tests.support.decoding import WIDE, Reading, Stored, never, reading, values_of
from tests.support.entries import batches

from ingestor.errors import SourceUnavailableError
from ingestor.formats.head import HEAD_BYTES

ENTRY = b'{"time":1795432855268,"msg":"hello"}'
LOG = (ENTRY + b"\n") * 50


def outcome(data: bytes, *sizes: int) -> Reading:
    return reading(batches(Stored(data, sizes), WIDE, time_is_up=never))


def archive(form: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        member = tarfile.TarInfo("logs/app.json")
        member.size = len(LOG)
        tar.addfile(member, io.BytesIO(LOG))
    return out.getvalue()


def v7_archive() -> bytes:
    """Without the magic bytes that POSIX added."""
    header = bytearray(archive(tarfile.GNU_FORMAT)[:512])
    header[257:] = bytes(512 - 257)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + LOG.ljust(2048, b"\0")


def database(folder: Path) -> bytes:
    with sqlite3.connect(folder / "x.db") as connection:
        connection.execute("CREATE TABLE logs (entry)")
        connection.execute("INSERT INTO logs VALUES (?)", (LOG.decode(),))
    connection.close()
    return (folder / "x.db").read_bytes()


NOISE = random.Random(9).randbytes(5_000)  # noqa: S311 - bytes that mean nothing
NO_LOGS = {
    "tar archive": [
        archive(tarfile.USTAR_FORMAT),
        archive(tarfile.GNU_FORMAT),
        archive(tarfile.PAX_FORMAT),
        v7_archive(),
    ],
    "LZ4": [b"\x04\x22\x4d\x18" + NOISE],
    "zlib": [zlib.compress(LOG)],
    "Parquet": [b"PAR1\x15\x04\x15" + ENTRY + b"\n" + LOG + NOISE + b"PAR1"],
    "Avro": [b"Obj\x01\x04\x14avro.codec\x08null\x16avro.schema" + ENTRY + NOISE],
    "ORC": [b"ORC" + NOISE],
    "PNG image": [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + NOISE],
    "JPEG image": [b"\xff\xd8\xff\xe0\0\x10JFIF" + NOISE],
    "GIF image": [b"GIF89a" + NOISE],
    "PDF": [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + LOG, b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\n"],
    "ELF program": [b"\x7fELF\x02\x01\x01" + NOISE],
    "encrypted by OpenSSL": [b"Salted__" + NOISE],
    "encrypted by age": [
        b"age-encryption.org/v1\n-> X25519 abc\ndef\n--- ghi\n" + NOISE,
        b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3Jn\n",
    ],
    "encrypted by PGP": [
        b"\x85\x01\x0c\x03" + NOISE,
        b"\x84\x5e\x03" + NOISE,
        b"\x8c\x0d\x04\x09\x03\x02" + NOISE,
        b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n",
    ],
    "pg_dump": [b"PGDMP\x01\x0e\0\x04\x08" + NOISE],
    "COPY data": [b"PGCOPY\n\xff\r\n\0" + bytes(8) + NOISE],
    "UTF-16 text": [LOG.decode().encode(form) for form in ("utf-16", "utf-16-le", "utf-16-be")],
    "UTF-32 text": [LOG.decode().encode(form) for form in ("utf-32", "utf-32-le", "utf-32-be")],
    "HTML page": [b"\n<!DOCTYPE html>\n<html><body>503</body></html>", b"<html>\r\n<head>"],
    "XML": [
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code></Error>',
        b"\xef\xbb\xbf<Error><Code>AccessDenied</Code></Error>",
    ],
    "PEM": [b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"],
    "Base64": [b"H4sIAAAAAAAAA6tWKsnMTVWyUjI3tTQxNrIwNTUyMqtVAgDl8b0eGAAAAA==\n"],
    "plain text": [
        b'127.0.0.1 - - [23/Nov/2026:11:20:55 +0000] "GET / HTTP/1.1" 200 2326\n' * 20_000,
        b"[INFO] ready\n[INFO] steady\n",
        b"[2026-11-23 11:20:55,268] [main] INFO ready\n" * 3,
        b"time,level,message\n1795432855268,info,hello\n",
        b"Traceback (most recent call last):\n  File x\n",
    ],
    "NUL bytes": [b"\0", bytes(512), bytes(3 * HEAD_BYTES)],
    "begins with the bytes": [NOISE, b"\xb7\x01" + LOG[:30], bytes(range(128, 256)) * 9, b"\x01\0\0\0" * 700],
}


@pytest.mark.parametrize("name", NO_LOGS)
def test_what_is_no_log_is_said_by_name_and_nothing_of_it_is_an_entry(name: str) -> None:
    for data in NO_LOGS[name]:
        result = outcome(data)
        assert result.found == []
        assert result.error is not None
        assert name in result.error
        assert "no log in a known format" in result.error
        assert outcome(data, 100_000) == outcome(gzip.compress(data), 7_000) == result
        if len(data) < 10_000:
            assert outcome(data, 1) == outcome(gzip.compress(gzip.compress(data))) == result


def test_a_database_file_and_the_running_program_are_said_by_name(tmp_path: Path) -> None:
    assert "SQLite" in str(outcome(database(tmp_path)).error)
    program = Path(sys.executable).resolve().read_bytes()
    assert "program" in str(outcome(program).error)


def test_what_is_to_be_done_is_said_with_it() -> None:
    assert "compress it with gzip" in str(outcome(zlib.compress(LOG)).error)
    assert "upload the files that are in it" in str(outcome(archive(tarfile.USTAR_FORMAT)).error)
    assert "decrypt it" in str(outcome(b"Salted__" + NOISE).error)
    assert "UTF-8" in str(outcome(LOG.decode().encode("utf-16")).error)


def test_nothing_that_the_file_says_is_in_the_error() -> None:
    for text in (b"password=hunter2\n", b"DB_PASSWORD: hunter2\nx", b"\x01hunter2", b"<hunter2>"):
        error = outcome(text).error
        assert error is not None
        assert "hunter2" not in error
    assert "xxxx=xxxxxx0" in str(outcome(b"user=hunter2\n").error)


LATIN = "Anwendung läuft über Port 8080: größer\n".encode("latin-1")
BANNERS = {
    "npm's": b"\n> app@1.0.0 start\n> node index.js\n\n",
    "tags": b"[nodemon] 3.0.1\n[nodemon] starting `node app.js`\n",
    "ANSI colours": b"\x1b[32mready\x1b[0m\n",
    "the end of an entry that began in another file": b'sage":"x"},"res":{"statusCode":200}}\n',
    "NUL where the file was truncated under its writer": bytes(5_000) + b"\n",
    "more NUL than are looked at": bytes(HEAD_BYTES + 5) + b"x\n",
    "Latin-1": LATIN,
    "a certificate": b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    "XML": b"<configuration/>\n",
    "a PDF's first line": b"%PDF-1.7\n",
    "Windows' BM": b"BM started\r\n",
    "much text": b"starting\n" * 10_000,
    "binary data": NOISE.replace(b"\n", b"\0") + b"\n",
}


@pytest.mark.parametrize("name", BANNERS)
def test_a_log_may_begin_with_something_else(name: str) -> None:
    data = BANNERS[name] + LOG
    result = outcome(data)
    assert result.error is None
    assert [each.original for each in result.found if each.kind == "Raw"] == [ENTRY] * 50
    assert outcome(data, 100_000) == outcome(gzip.compress(data), 300) == result


def test_a_line_that_only_begins_within_what_is_looked_at_is_an_entry() -> None:
    text = b"x" * (HEAD_BYTES - 20) + b"\n"
    assert len([each for each in values_of(text + LOG) if each.kind == "Raw"]) == 50


@pytest.mark.parametrize("data", [b"1\n2\n", b'"text"\n', b"null", b"-1.5e3\n{}\n"])
def test_json_that_is_no_object_is_an_entry_of_the_wrong_type(data: bytes) -> None:
    assert values_of(data)[0].kind == "Malformed: not an object"


@pytest.mark.parametrize("data", [b"[1,2]", b"[INFO]", b"[INFO]\n[]", b"[1] \n[{}]", b'["a"] x', b"[ ", b"["])
def test_an_array_of_anything_is_still_an_array(data: bytes) -> None:
    assert "plain text" not in str(outcome(data).error)


@pytest.mark.parametrize("beginning", [b"starting\n", bytes(10), b"\xff" * 10, b"[INFO] x\n"])
def test_a_source_that_breaks_off_before_it_can_be_told_is_no_reason_to_refuse(beginning: bytes) -> None:
    broken = SourceUnavailableError("s3://bucket/key: reset")
    with pytest.raises(SourceUnavailableError):
        list(batches(Stored(beginning, error=broken), WIDE, time_is_up=never))


def test_a_damaged_archive_is_said_to_be_damaged() -> None:
    packed = gzip.compress(archive(tarfile.GNU_FORMAT))
    assert "truncated" in str(outcome(packed[:-9]).error)
    text = reading(batches(Stored(gzip.compress(b"starting\n" + LOG)[:-4]), WIDE, time_is_up=never))
    assert len(text.found) == 51


def test_while_it_is_looked_at_a_slow_source_gives_signs_of_life() -> None:
    stream = Stored(b"no entry here\n" * 1_000, [500])
    signs = iter(batches(stream, WIDE, time_is_up=lambda: True))
    for _ in range(14_000 // 500 - 1):
        assert not next(signs).values
