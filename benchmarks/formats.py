"""Entries per second of every format, from uncompressed bytes to rows: `python -m benchmarks.formats [NAME…]`.

First on typical lines (benchmarks/typical.py), then on the files of tests/data/formats, which are full of traps. Each
is read in pieces of 256 KiB, by turns with pino's entries; CPU time, the fastest of five each. The last figure of a
line is the ratio of the two. Compare figures of one run only.
"""

import gzip
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import typical

from ingestor.bootstrap.formats import JSON, KNOWN_FORMATS
from ingestor.errors import ConfigurationError
from ingestor.formats import Format, Limits, Position
from ingestor.formats.known import HEAD_BYTES, FormatOptions, KnownFormat
from ingestor.model.entry import InContext, Malformed, Repaired
from ingestor.model.rows import RowOrigin
from ingestor.routing.detection import Detection

DATA = Path(__file__).parents[1] / "tests/data"
PIECE = 256 * 1024
BYTES = 15_000_000
TRIES = 5
LIMITS = Limits(chunk_rows=20_000, chunk_bytes=8 * 1024 * 1024, max_entry_bytes=16 * 1024 * 1024)
ORIGIN = RowOrigin(file_id=1, bucket="bucket", key="key", etag="etag", version_id=None)


@dataclass(frozen=True, slots=True)
class Rate:
    entries: int
    rows: int
    size: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.entries / self.seconds


def pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]


def once(entry_format: Format, data: bytes) -> Rate:
    entries = rows = 0
    began = time.process_time()
    for batch in entry_format.batches(pieces(data), LIMITS, Position(), lambda: False):
        row_of = entry_format.mapper(ORIGIN).row_of
        for ordinal, value in enumerate(batch.values, batch.first_ordinal):
            entries += 1
            match value:
                case Malformed():
                    continue
                case InContext() | Repaired():
                    mapped = row_of(value.text, ordinal, value.context)
                case _:
                    mapped = row_of(value, ordinal)
            rows += isinstance(mapped, tuple)
    return Rate(entries, rows, len(data), time.process_time() - began)


def by_turns(entry_format: Format, data: bytes) -> tuple[Rate, Rate]:
    """Of this format, and of pino's entries: other work on the machine slows both."""
    rates, of_pino = [], []
    for _ in range(TRIES):
        of_pino.append(once(PINO_FORMAT, PINO))
        rates.append(once(entry_format, data))
    return fastest(rates), fastest(of_pino)


def fastest(rates: list[Rate]) -> Rate:
    return min(rates, key=lambda rate: rate.seconds)


def repeated(sample: bytes) -> bytes:
    """Formats whose entries are parts of one object read several objects after one another as well."""
    whole = sample if sample.endswith(b"\n") else sample + b"\n"
    return whole * max(1, BYTES // len(whole))


def known_of(name: str, sample: bytes) -> KnownFormat:
    known = next((each for each in KNOWN_FORMATS if each.name == name), None)
    return known or Detection(KNOWN_FORMATS, JSON).by_head(sample[:HEAD_BYTES]).known


def samples(names: list[str]) -> Iterator[tuple[str, KnownFormat, bytes]]:
    for name in typical.NAMES:
        if not names or name in names:
            data = typical.lines(name)
            yield f"typical {name}", known_of(name, data), data
    for path in sorted((DATA / "formats").glob("*.*")):
        if not names or path.name in names or path.stem in names:
            data = path.read_bytes()
            yield path.name, known_of(path.stem, data), repeated(data)


def report(name: str, format_name: str, rate: Rate, of_pino: Rate) -> None:
    share = rate.rows / rate.entries if rate.entries else 0
    print(
        f"{name:24} {format_name:12} {rate.entries:>8,} entries {share:>5.0%} rows {rate.per_second:>10,.0f} entries/s "
        f"{rate.size / rate.seconds / 1e6:>6.0f} MB/s {rate.per_second / of_pino.per_second:5.2f}"
    )


def main(names: list[str]) -> None:
    for name, known, sample in samples(names):
        try:
            entry_format = known.make(FormatOptions())
        except ConfigurationError as error:
            print(f"{name:24} {known.name:12} not measured: {error}")
            continue
        report(name, known.name, *by_turns(entry_format, sample))


PINO = repeated(gzip.decompress((DATA / "pino-http-1.json.gz").read_bytes()))
PINO_FORMAT = JSON.make(FormatOptions())

if __name__ == "__main__":
    main(sys.argv[1:])
