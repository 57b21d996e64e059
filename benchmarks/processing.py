"""What a rule's options cost an entry: `python -m benchmarks.processing`.

Uncompressed bytes to the bytes that COPY sends, without a server; by turns with the same entries as they are. CPU time,
the fastest of ten each, and the ratio of the two. Compare figures of one run only.
"""

import gzip
import sys
import time
from pathlib import Path

import psycopg
from benchmarks.decode import entry
from benchmarks.formats import LIMITS, ORIGIN, pieces
from psycopg.adapt import Transformer
from psycopg_binary._psycopg import format_row_binary  # the C that Copy.write_row calls

from ingestor.formats import Format, Position
from ingestor.formats.json import JsonFormat
from ingestor.model.columns import COPY_TYPES
from ingestor.model.entry import InContext, Malformed, Repaired
from ingestor.model.rows import BatchMapper
from ingestor.processors.options import ProcessingOptions
from ingestor.routing.processed_format import processed_format

TRIES = 10
RULES: dict[str, dict[str, object]] = {
    "redact credentials": {"redact": ["credentials"]},
    "redact credentials and a name": {"redact": ["credentials", "password"]},
    "redact a pattern": {"redact": [{"pattern": "[0-9]{16}"}]},
    "drop_when": {"drop_when": {"req.url": {"glob": "/health*"}}},
    "sample": {"sample": 0.99},
    "set": {"set": {"environment": "production"}},
}


def files() -> dict[str, bytes]:
    recorded = (Path(__file__).parents[1] / "tests/data/pino-http-1.json.gz").read_bytes()
    with_cookies = b"\n".join(entry(number) for number in range(3_000))
    return {
        "recorded, no credentials": gzip.decompress(recorded),
        "a cookie in none": with_cookies.replace(b'"cookie"', b'"x-name"'),
        "a cookie in each": with_cookies,
    }


def seconds_of_an_entry(entry_format: Format, data: bytes) -> float:
    transformer, out, entries = Transformer(), bytearray(), 0
    types = [psycopg.adapters.types[name].oid for name in COPY_TYPES]
    transformer.set_dumper_types(types, psycopg.pq.Format.BINARY)
    began = time.process_time()
    mapper = entry_format.mapper(ORIGIN)
    for batch in entry_format.batches(pieces(data), LIMITS, Position(), lambda: False):
        row_of = mapper.of_batch(batch) if isinstance(mapper, BatchMapper) else mapper.row_of
        for ordinal, value in enumerate(batch.values, batch.first_ordinal):
            entries += 1
            match value:
                case Malformed():
                    continue
                case InContext() | Repaired():
                    row = row_of(value.text, ordinal, value.context)
                case _:
                    row = row_of(value, ordinal)
            if isinstance(row, tuple):
                format_row_binary(row, transformer, out)
        out.clear()
    return (time.process_time() - began) / max(entries, 1)


def main() -> None:
    for name, data in files().items():
        for rule, table in RULES.items():
            options = ProcessingOptions.from_table(table)
            if not isinstance(options, ProcessingOptions):
                raise TypeError(options)
            plain, ruled = JsonFormat(), processed_format(JsonFormat(), options)
            took = [
                (seconds_of_an_entry(plain, data), seconds_of_an_entry(ruled, data)) for _ in range(TRIES)
            ]
            before, after = (min(column) * 1e6 for column in zip(*took, strict=True))
            sys.stdout.write(f"{name:26} {rule:30} {before:6.2f} {after:6.2f} us  {after / before:.2f}\n")


if __name__ == "__main__":
    main()
