"""What the demo uploads, and what must come of each object."""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "tests" / "data"
EXCERPT = 250
MISSING_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class Upload:
    """`rows`: how many may be loaded, a range of one number where that is certain."""

    key: str
    body: bytes
    shows: str
    rows: range
    rejected: int = 0
    times: int = 1
    is_broken: bool = False


def uploads() -> tuple[Upload, ...]:
    """Three real pino-http logs, and what else happens to log files."""
    first, second, third = (DATA / f"pino-http-{number}.json.gz" for number in (1, 2, 3))
    lines = _entries(second)
    excerpt = _entries(first)[:EXCERPT]
    return (
        _whole("api/pino-http-1.json.gz", first, "real log of an Express service"),
        _whole("api/pino-http-2.json.gz", second, "real log"),
        _whole("api/pino-http-3.json.gz", third, "real log, uploaded twice", times=2),
        Upload(
            "api/50% off + größer 日本 🚀.json.gz",
            gzip.compress(json.dumps(excerpt).encode()),
            "spaces, plus, percent and unicode in the key",
            rows=exactly(EXCERPT),
        ),
        Upload(
            "api/lines.ndjson",
            "\n".join(map(json.dumps, lines)).encode(),
            "newline-delimited, not compressed",
            rows=exactly(len(lines)),
        ),
        _malformed(excerpt),
        Upload(
            "api/truncated.json.gz",
            third.read_bytes()[:-MISSING_BYTES],
            "the end of the gzip data is missing",
            rows=range(1, len(_entries(third))),
            is_broken=True,
        ),
    )


def exactly(count: int) -> range:
    return range(count, count + 1)


def _whole(key: str, path: Path, shows: str, times: int = 1) -> Upload:
    return Upload(key, path.read_bytes(), shows, rows=exactly(len(_entries(path))), times=times)


def _malformed(good: Iterable[dict[str, Any]]) -> Upload:
    lines = [json.dumps(entry) for entry in good]
    bad = ['{"time": 1795432855268, "msg": oops}', '"not an object"', '{"level": 30, "msg": "no time"}']
    for place, entry in enumerate(bad):
        lines.insert(10 * (place + 1), entry)
    return Upload(
        "api/malformed.json.gz",
        gzip.compress("\n".join(lines).encode()),
        f"{len(bad)} malformed entries among good ones",
        rows=exactly(len(lines) - len(bad)),
        rejected=len(bad),
    )


def _entries(path: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(gzip.decompress(path.read_bytes()))
    return entries
