"""What the mutations begin with: real log lines and notifications, and the pieces that decoders stumble over."""

import gzip
import json
from pathlib import Path

_TESTS = Path(__file__).parent.parent
_REAL_ENTRIES = 3

STRUCTURE: tuple[bytes, ...] = (
    b"},{", b"}{", b"}\n{", b"},\n{", b"],[", b"]\n[", b"[", b"]", b"{", b"}", b",", b",,", b'"', b'\\"', b"\\\\",
    b"\\", b"\n", b"\r\n", b" ", b"\t", b"\0", b"\0" * 40, b"\xef\xbb\xbf", b"\xff", b"\xe2\x82", b"\xed\xa0\x80",
    b"\\u0000", b"\\ud800", b"\\udc00", b"\\ud83d\\ude00", b"\\uD8", b"\xf0\x9f\x98\x80", b"\xe2\x80\xae", b"\xff\xfe",
    b"null", b"true", b"nul", b"NaN", b"1e400", b"-0", b"01", b"1.", b"9" * 30, b"1" * 5_000, b"1e-99999",
)  # fmt: skip
LONG: tuple[bytes, ...] = (
    b"[" * 600, b"]" * 600, b'{"a":' * 600, b"}" * 600, b"[" * 3_000, b"{}," * 300, b"{}\n" * 300, b"x" * 3_000,
    b"},{" * 400, b'\\"},{' * 200, b" " * 2_000, b"\n" * 500, b"1\n" * 300, b'{"a":01},' * 100, b'"' * 301,
)  # fmt: skip
FIELDS: tuple[bytes, ...] = (
    b'"time":1795432855268,', b'"time":"1795432855268",', b'"timestamp":"2026-11-23T11:20:55.268Z",',
    b'"time":-1e20,', b'"time":"0001-01-01T00:00:00+23:59",', b'"level":1e308,', b'"level":"9999999999",',
    b'"req":{"id":' + b"9" * 5_000, b'"req":null,', b'"req":{"query":1e99999,"headers":[],"params":"x"},',
    b'"lastUpdated":"20261123112055",', b'"pid":2147483648,', b'"level":' + b"9" * 4_400 + b",",
)  # fmt: skip
BEGINNINGS: tuple[bytes, ...] = (
    b"[INFO] ready\n", b"GET / 200\n", b"<html>\n", b"-----BEGIN X-----\n", b"PAR1", b"ORC", b"PK\x03\x04",
    b"BZh91AY&SY", b"\x1f\x8b", b"\x1f\x8b\x08\0", b"Salted__", b"%PDF-1.7\n", b"\x85\x01\x0c\x03", b"\x28\xb5\x2f\xfd",
)  # fmt: skip
TOKENS = STRUCTURE + STRUCTURE + LONG + FIELDS + BEGINNINGS
"""Put in anywhere, the short ones most often."""


def files() -> list[bytes]:
    """Uncompressed, each small: a long one hides what a mutation does in it."""
    real = [_lines_of(path) for path in sorted((_TESTS / "data").glob("*.json.gz"))]
    entries = [entry for lines in real for entry in lines[:_REAL_ENTRIES]]
    small = [b'{"time":%d,"msg":"a %d"}' % (1_795_432_855_268 + n, n) for n in range(6)]
    return [
        b"",
        b"[]",
        b"{}",
        b"[" + b",\n".join(entries) + b"]\n",
        b"\n".join(entries),
        b"[" + b",".join(small) + b"]",
        b"\n".join(small) + b"\n",
        b"".join(small),
        b"[" + b",".join(small[:2]) + b"]\n[" + b",".join(small[2:]) + b"]",
        b"\xef\xbb\xbf[\r\n  " + b",\r\n  ".join(small) + b"\r\n]",
        b"\n".join(json.dumps(json.loads(entry), indent=2).encode() for entry in small),
        b"\n> app@1.0.0 start\n\n" + b"\n".join(small),
        b'{"n":1}\n"text"\n12\nnull\n{"cut":',
        b'[{"a":"\\u0000"},{"b":"\\ud800"},{"c":"\xff"},1,{"d":' + b"[" * 513 + b"]" * 513 + b"}]",
        b'{"a":"' + b"x" * 9_000 + b'"}\n' + small[0],
        b"no log at all\n" * 20,
        bytes(600),
    ]


def sample_messages() -> list[str]:
    """The bodies of the messages in events/, and what is wrapped in them."""
    events = [
        json.loads(path.read_text("utf-8")) for path in sorted((_TESTS.parent / "events").glob("*.json"))
    ]
    return [
        record["body"]
        for event in events
        for record in event.get("Records", [])
        if isinstance(record.get("body"), str)
    ]


def _lines_of(path: Path) -> list[bytes]:
    return [
        line.strip(b" ,[]")
        for line in gzip.decompress(path.read_bytes()).splitlines()
        if line.startswith(b"{")
    ]
