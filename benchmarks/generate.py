"""Writes the benchmark's file: entries as a pino-http application logs them, seeded, one gzipped JSON array.

    python -m benchmarks.generate /tmp/entries.json.gz [--entries 100000]

The same seed, count and month give the same JSON: 100,000 entries are 64 MB. The times are in the middle of the
current month, for which there is a partition.
"""

import argparse
import gzip
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ENTRIES = 100_000
SEED = 20_261_123

_AGENTS = (
    "okhttp/4.9",
    "curl/8.5.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)",
)
_SEARCHES = ("invoice", "na\u00efve & co", 'a "b"', "\u65e5\u672c", "")
_ROUTES = ("documents", "search", "users", "fail")
_CONTROLLERS = {
    "documents": "DocumentController",
    "search": "SearchController",
    "users": "UserController",
    "fail": "ApiController",
}
_STACK = """Error: upstream "timed out"
	after 30s
    at /srv/app/server.js:16:63
    at Layer.handleRequest (/srv/app/node_modules/router/lib/layer.js:169:33)
    at next (/srv/app/node_modules/router/lib/route.js:163:13)"""


def entries(count: int, seed: int = SEED) -> Iterator[dict[str, Any]]:
    """Two entries a request, as pino-http writes them: when it begins and when it is answered."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    now = datetime.now(UTC).replace(day=15, hour=12, minute=0, second=0, microsecond=0)
    for number in range(0, count, 2):
        began = now
        now += timedelta(milliseconds=rng.randrange(40))
        began_entry = _beginning(rng, number // 2 + 1, began)
        yield began_entry
        if number + 1 < count:
            yield _ending(rng, began_entry, now)


def _beginning(rng: random.Random, request: int, at: datetime) -> dict[str, Any]:
    route = rng.choices(_ROUTES, weights=(60, 20, 15, 5))[0]
    query = {"page": str(rng.randrange(1, 10)), "q": rng.choice(_SEARCHES)} if route != "users" else {}
    return {
        "level": 30,
        "time": int(at.timestamp() * 1000),
        "timestamp": _iso(at),
        "pid": 4505,
        "hostname": "api-1",
        "req": {
            "id": request,
            "method": "POST" if route == "search" else "GET",
            "url": f"/api/{route}/{rng.randrange(100_000)}?page={query.get('page', '')}",
            "query": query,
            "params": {},
            "headers": {
                "user-agent": rng.choice(_AGENTS),
                "x-forwarded-for": ".".join(str(rng.randrange(1, 255)) for _ in range(4)),
                "host": "api.example.com",
                "content-type": "application/json",
                "connection": "keep-alive",
            },
            "remoteAddress": "127.0.0.1",
            "remotePort": rng.randrange(32_768, 61_000),
        },
        "context": _CONTROLLERS[route],
        "lastUpdated": _iso(at),
        "authUserId": rng.randrange(1_000, 5_000),
        "message": f"Processing request {request} for {route}",
    }


def _ending(rng: random.Random, began: dict[str, Any], at: datetime) -> dict[str, Any]:
    failed = began["context"] == "ApiController"
    status = 500 if failed else rng.choices((200, 304, 404), weights=(90, 6, 4))[0]
    entry = began | {
        "level": 50 if failed else 30,
        "time": int(at.timestamp() * 1000),
        "timestamp": _iso(at),
        "cacheHit": rng.random() < 0.3,
        "documentCount": rng.randrange(50),
        "lastUpdated": _iso(at),
        "res": {
            "statusCode": status,
            "headers": {"x-powered-by": "Express", "content-length": str(rng.randrange(9_999))},
        },
        "responseTime": rng.randrange(1, 400),
        "message": "Request failed" if failed else "request completed",
    }
    return (
        entry | {"err": {"type": "Error", "message": "upstream timed out", "stack": _STACK}}
        if failed
        else entry
    )


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def write(path: Path, count: int = ENTRIES, seed: int = SEED) -> int:
    """How many bytes of JSON there are; they are pino's: compact, one entry a line, in an array."""
    text = ",\n".join(
        json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in entries(count, seed)
    )
    content = f"[\n{text}\n]\n".encode()
    path.write_bytes(gzip.compress(content, compresslevel=6, mtime=0))
    return len(content)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    arguments = parser.parse_args()
    size = write(arguments.path, arguments.entries)
    print(f"{arguments.path}: {arguments.entries} entries, {size / 1e6:.1f} MB of JSON")


if __name__ == "__main__":
    main()
