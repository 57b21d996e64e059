"""Seconds and peak memory of decoding alone: `python benchmarks/decode.py` runs every case in a process of its own.

The figures are of one machine and one run; compare cases of the same run only.
"""

import gzip
import itertools
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from tests.support.entries import batches

from ingestor.formats import Limits

MB = 1_000_000
LIMITS = Limits(chunk_rows=20_000, chunk_bytes=4 * 1024 * 1024, max_entry_bytes=4 * 1024 * 1024)


class Generated:
    """A ByteStream over pieces made as they are read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self.size = 0

    def read(self, size: int, /) -> bytes:
        self._rest = self._rest or next(self._pieces, b"")
        piece, self._rest = self._rest[:size], self._rest[size:]
        self.size += len(piece)
        return piece

    def close(self) -> None:
        pass


def entry(number: int) -> bytes:
    headers = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) " * 3, "accept": "*/*", "cookie": "c" * 140}
    request = {
        "id": number,
        "method": "GET",
        "url": f"/api/items/{number}",
        "query": {"page": "1"},
        "params": {},
    }
    line = {"level": 30, "time": 1_700_000_000_000 + number, "pid": 17, "hostname": "web-1"}
    line |= {"req": request | {"headers": headers, "remoteAddress": "::1", "remotePort": 50_000}}
    line |= {
        "res": {"statusCode": 200, "headers": {"etag": "e" * 40}},
        "responseTime": 12,
        "msg": "request completed",
    }
    return json.dumps(line, separators=(",", ":")).encode()


def array(count: int) -> Iterator[bytes]:
    block = b",".join(entry(number) for number in range(400))
    yield b"[" + block
    yield from itertools.repeat(b"," + block, count // 400 - 1)
    yield b"]"


def lines(count: int) -> Iterator[bytes]:
    yield from itertools.repeat(b"".join(entry(number) + b"\n" for number in range(400)), count // 400)


def zipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield gzip.compress(b"".join(pieces), 6)


def one_entry(head: bytes, filling: bytes, tail: bytes, size: int) -> Iterator[bytes]:
    """An array of three, the second of about `size` bytes."""
    block = filling * (250_000 // len(filling))
    yield b'[{"level":30},' + head
    yield from itertools.repeat(block, size // len(block))
    yield tail + b',{"level":30}]'


CASES: dict[str, Callable[[], Iterator[bytes]]] = {
    "array, 63 MB": lambda: array(100_000),
    "array, 63 MB, gzip": lambda: zipped(array(100_000)),
    "lines, 63 MB": lambda: lines(100_000),
    "array, 2 GB": lambda: array(3_200_000),
    "one entry, 100 MB string": lambda: one_entry(b'{"a":"', b"x", b'"}', 100 * MB),
    "one entry, 100 MB string of },{": lambda: one_entry(b'{"a":"', b"},{", b'"}', 100 * MB),
    'one entry, 100 MB string of \\"': lambda: one_entry(b'{"a":"', b'\\"', b'"}', 100 * MB),
    "one entry, 100 MB of nested objects": lambda: one_entry(b'{"a":[{}', b',{"level":30}', b"]}", 100 * MB),
    "one entry, 100 MB of [0,": lambda: one_entry(b"", b"[0,", b"", 100 * MB),
    "one line, 100 MB of [": lambda: itertools.chain([b"{}\n"], itertools.repeat(b"[" * 250_000, 400)),
    "lines of a million [": lambda: itertools.chain([b"{}\n"], itertools.repeat(b"[" * 1_000_000 + b"\n", 8)),
    "one entry, 8 MB string of },{": lambda: one_entry(b'{"a":"', b"},{", b'"}', 8 * MB),
    "30 MB of {},": lambda: itertools.chain([b"[{}"], itertools.repeat(b",{}" * 80_000, 125), [b"]"]),
    "10 MB of commas": lambda: itertools.chain([b"["], itertools.repeat(b"," * 250_000, 40), [b"]"]),
    "63 MB, every 20th malformed": lambda: (
        piece.replace(b'"pid":17', b'"pid":017', 20) for piece in lines(100_000)
    ),
}


def run(name: str) -> None:
    stream = Generated(CASES[name]())
    started = time.perf_counter()
    entries = size = 0
    failure = ""
    try:
        for batch in batches(stream, LIMITS, time_is_up=lambda: False):
            entries += len(batch.values)
            size = batch.end_offset
    except Exception as error:  # noqa: BLE001 - a script that shows what it gets
        failure = f"  {type(error).__name__}"
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:38} {size / MB:8.1f} MB {entries:9,} entries {seconds:7.2f} s {peak:6.0f} MiB{failure}",
        flush=True,
    )


def main() -> None:
    if len(sys.argv) > 1:
        run(sys.argv[1])
        return
    for name in CASES:
        subprocess.run([sys.executable, __file__, name], check=True)


if __name__ == "__main__":
    main()
