"""Entries per second of every format, from uncompressed bytes to rows: `python -m benchmarks.formats [NAME…]`.

Each file of tests/data/formats is repeated to 20 MB and read in pieces of 256 KiB; pino's entries are read in the same
run, before and after. CPU time, the fastest of three. Compare figures of one run only.
"""

import gzip
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingestor.bootstrap.formats import JSON, KNOWN_FORMATS
from ingestor.formats import Format, Limits, Position
from ingestor.formats.known import HEAD_BYTES, FormatOptions, KnownFormat
from ingestor.model.entry import InContext, Malformed, Repaired
from ingestor.model.rows import RowOrigin
from ingestor.routing.detection import Detection

DATA = Path(__file__).parents[1] / "tests/data"
PIECE = 256 * 1024
BYTES = 20_000_000
TRIES = 3
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


def fastest(entry_format: Format, data: bytes) -> Rate:
    return min((once(entry_format, data) for _ in range(TRIES)), key=lambda rate: rate.seconds)


def repeated(sample: bytes) -> bytes:
    """Formats whose entries are parts of one object read several objects after one another as well."""
    whole = sample if sample.endswith(b"\n") else sample + b"\n"
    return whole * max(1, BYTES // len(whole))


def samples(names: list[str]) -> Iterator[tuple[str, KnownFormat, bytes]]:
    detection = Detection(KNOWN_FORMATS, JSON)
    for path in sorted((DATA / "formats").glob("*.*")):
        sample = path.read_bytes()
        known = next((each for each in KNOWN_FORMATS if each.name == path.stem), None)
        known = known or detection.by_head(sample[:HEAD_BYTES]).known
        if not names or known.name in names or path.stem in names:
            yield path.name, known, repeated(sample)


def pino() -> bytes:
    lines = gzip.decompress((DATA / "pino-http-1.json.gz").read_bytes())
    return repeated(lines)


def report(name: str, format_name: str, rate: Rate, of_json: float | None) -> None:
    ratio = f"{rate.per_second / of_json:5.2f}" if of_json else ""
    print(
        f"{name:24} {format_name:12} {rate.entries:>8,} entries {rate.rows / rate.entries:>5.0%} rows "
        f"{rate.per_second:>10,.0f} entries/s {rate.size / rate.seconds / 1e6:>6.0f} MB/s {ratio}"
    )


def main(names: list[str]) -> None:
    data = pino()
    of_json = fastest(JSON.make(FormatOptions()), data)
    report("pino-http-1.json.gz", "json", of_json, None)
    for name, known, sample in samples(names):
        try:
            entry_format = known.make(FormatOptions())
        except Exception as error:  # noqa: BLE001 - a format that a rule must configure is named, not measured
            print(f"{name:24} {known.name:12} not measured: {error}")
            continue
        report(name, known.name, fastest(entry_format, sample), of_json.per_second)
    report("pino-http-1.json.gz", "json", fastest(JSON.make(FormatOptions()), data), of_json.per_second)


if __name__ == "__main__":
    main(sys.argv[1:])
