"""What a file is that is no log in a known format, by the bytes it begins with."""

import re
from dataclasses import dataclass
from enum import StrEnum

from ingestor.formats.excerpt import excerpt


class Remedy(StrEnum):
    COMPRESSION = "compress it with gzip, zstd, bzip2 or xz, or upload it uncompressed"
    ARCHIVE = "upload the files that are in it"
    ENCRYPTION = "decrypt it before it is uploaded"
    ENCODING = "upload it as UTF-8"
    BASE64 = "upload what it encodes"
    TEXT = "upload its entries as lines of text or JSON"
    RULE = (
        "name its format by a rule of ingestor.toml; `ingestor try FILE --format NAME` shows what comes of it"
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """`is_certain`: no text begins like this, so that what follows need not be looked at."""

    name: str
    remedy: Remedy
    is_certain: bool


@dataclass(frozen=True, slots=True)
class _Signature:
    name: str
    start: re.Pattern[bytes]
    remedy: Remedy = Remedy.TEXT


def _signature(name: str, start: bytes, remedy: Remedy = Remedy.TEXT) -> _Signature:
    return _Signature(name, re.compile(start, re.DOTALL), remedy)


_SIGNATURES = (
    _signature("LZ4 data", rb"\x04\x22\x4d\x18|\x02\x21\x4c\x18", Remedy.COMPRESSION),
    _signature("Snappy data", rb"\xff\x06\0\0sNaPpY|\x82SNAPPY\0", Remedy.COMPRESSION),
    _signature("lzip data", rb"LZIP\x01", Remedy.COMPRESSION),
    _signature("zlib data", rb"x[\x01\x9c\xda]", Remedy.COMPRESSION),
    _signature("data of compress(1)", rb"\x1f\x9d", Remedy.COMPRESSION),
    _signature("a tar archive", rb".{257}ustar(?:\x0000|\x20\x20\0)", Remedy.ARCHIVE),
    _signature("a part of a split zip archive", rb"PK(?:\x07\x08|00)PK\x03\x04", Remedy.ARCHIVE),
    _signature("a 7-Zip archive", rb"7z\xbc\xaf\x27\x1c", Remedy.ARCHIVE),
    _signature("a RAR archive", rb"Rar!\x1a\x07", Remedy.ARCHIVE),
    _signature("an ar archive", rb"!<arch>\n", Remedy.ARCHIVE),
    _signature("a cabinet", rb"MSCF\0\0\0\0", Remedy.ARCHIVE),
    _signature("data encrypted by OpenSSL", rb"Salted__", Remedy.ENCRYPTION),
    _signature(
        "data encrypted by age", rb"age-encryption\.org/|-----BEGIN AGE ENCRYPTED FILE", Remedy.ENCRYPTION
    ),
    # The packet of a session key, in versions 3 to 6: https://www.rfc-editor.org/rfc/rfc9580#section-5
    _signature(
        "data encrypted by PGP",
        rb"-----BEGIN PGP MESSAGE|\x84.[\x03\x06]|\x85..[\x03\x06]|\xc1..?[\x03\x06]|[\x8c\xc3].[\x04-\x06]",
        Remedy.ENCRYPTION,
    ),
    _signature("data encrypted by Ansible Vault", rb"\$ANSIBLE_VAULT;", Remedy.ENCRYPTION),
    _signature("an encrypted disk", rb"LUKS\xba\xbe", Remedy.ENCRYPTION),
    _signature("encrypted Parquet", rb"PARE", Remedy.ENCRYPTION),
    _signature("Parquet", rb"PAR1"),
    _signature("Avro", rb"Obj\x01"),
    _signature("ORC", rb"ORC"),
    _signature("Arrow", rb"ARROW1\0\0"),
    _signature("an SQLite database", rb"SQLite format 3\0"),
    _signature("a dump of pg_dump", rb"PGDMP"),
    _signature("COPY data of PostgreSQL", rb"PGCOPY\n\xff\r\n\0"),
    _signature("a Redis snapshot", rb"REDIS\d{4}"),
    _signature("HDF5", rb"\x89HDF\r\n\x1a\n"),
    _signature("a NumPy array", rb"\x93NUMPY"),
    _signature("a systemd journal", rb"LPKSHHRH"),
    _signature("a Windows event log", rb"ElfFile\0"),
    _signature("a packet capture", rb"\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\n\r\r\n.{4}\x4d\x3c\x2b\x1a"),
    _signature("an ELF program", rb"\x7fELF"),
    _signature("a Windows program", rb"MZ.{6}"),
    _signature("a Mach-O program", rb"\xcf\xfa\xed\xfe|\xfe\xed\xfa\xcf"),
    _signature("a Java class", rb"\xca\xfe\xba\xbe"),
    _signature("WebAssembly", rb"\0asm"),
    _signature("a PNG image", rb"\x89PNG\r\n\x1a\n"),
    _signature("a JPEG image", rb"\xff\xd8\xff"),
    _signature("a GIF image", rb"GIF8[79]a"),
    _signature("a BMP image", rb"BM.{4}\0\0\0\0"),
    _signature("a TIFF image", rb"II\x2a\0|MM\0\x2a"),
    _signature("a WebP image", rb"RIFF.{4}WEBP"),
    _signature("a video", rb"\0\0\0.ftyp"),
    _signature("Ogg media", rb"OggS\0"),
    _signature("MP3 audio", rb"ID3[\x02-\x04]"),
    _signature("a PDF", rb"%PDF-"),
    _signature("an Office document", rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    # By its byte order mark, or ASCII with NUL between the letters.
    _signature(
        "UTF-32 text",
        rb"\xff\xfe\0\0|\0\0\xfe\xff|(?:[\t\n\r\x20-\x7e]\0\0\0){2}|(?:\0\0\0[\t\n\r\x20-\x7e]){2}",
        Remedy.ENCODING,
    ),
    _signature(
        "UTF-16 text",
        rb"\xff\xfe|\xfe\xff|(?:[\t\n\r\x20-\x7e]\0){2}|(?:\0[\t\n\r\x20-\x7e]){2}",
        Remedy.ENCODING,
    ),
)

# Each may also stand before or among the entries of a log: said only where there is no entry.
_TEXTS = (
    _signature("an HTML page", rb"(?i:<!doctype html|<html|<head|<body)"),
    _signature("XML", rb"(?i:<\?xml|<[a-z][\w:.-]*+[ \t\r\n/>])"),
    _signature("a key or a certificate (PEM)", rb"-----BEGIN [A-Z0-9 ]+-----"),
    _signature("gzip data in Base64", rb"H4sI[A-Za-z0-9+/]{6}", Remedy.BASE64),
)

_V7_TAR = _signature("a tar archive", rb".{148}[0 ]*+([0-7]{1,7})[\0 ]", Remedy.ARCHIVE)
_TAR_BLOCK = 512


def kind_of(head: bytes) -> Kind | None:
    for signature in _SIGNATURES:
        found = signature.start.match(head)
        if found:
            is_certain = any(byte < ord(" ") or byte > ord("~") for byte in found[0])
            return Kind(signature.name, signature.remedy, is_certain=is_certain)
    return Kind(_V7_TAR.name, _V7_TAR.remedy, is_certain=True) if _is_old_tar(head[:_TAR_BLOCK]) else None


def kind_of_text(text: bytes) -> Kind:
    """`text` begins with its first word."""
    for signature in _TEXTS:
        if signature.start.match(text):
            return Kind(signature.name, signature.remedy, is_certain=False)
    return Kind(f"plain text (its lines are like {excerpt(text)!r})", Remedy.RULE, is_certain=False)


def _is_old_tar(block: bytes) -> bool:
    """Before POSIX tar had no magic bytes; but its headers hold their own sum, reckoned with spaces in its place."""
    found = _V7_TAR.start.match(block)
    if found is None or len(block) < _TAR_BLOCK:
        return False
    return int(found[1], 8) == sum(block[:148]) + 8 * ord(" ") + sum(block[156:])
