"""How many LIST requests a sweep needs at 100,000 keys: `python benchmarks/listing.py [KEYS]`.

A stub S3 on this machine answers ListObjectsV2 and counts; boto3 and the code that lists are the real ones. The keys
are spread over a year; `recent` is one tick's look for those of the last hour, `everything` the daily listing.
"""

import sys
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from ingestor.sources.listing import pages, pages_since
from ingestor.sources.s3 import S3Objects

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAYS = 365
PAGE = 1_000

type Layout = Callable[[datetime, int], str]
LAYOUTS: dict[str, Layout] = {
    "2026/11/23/": lambda when, n: f"{when:%Y/%m/%d}/{n:08}.gz",
    "2026/11/23/14/ (Firehose)": lambda when, n: f"{when:%Y/%m/%d/%H}/stream-{n:08}.gz",
    "year=2026/month=11/day=23/": lambda when, n: f"year={when:%Y}/month={when:%m}/day={when:%d}/{n:08}.gz",
    "dt=2026-11-23/": lambda when, n: f"dt={when:%Y-%m-%d}/{n:08}.gz",
    "app-N/2026/11/23/, 10 apps": lambda when, n: f"app-{n % 10}/{when:%Y/%m/%d}/{n:08}.gz",
    "app-N/2026/11/23/, 300 apps": lambda when, n: f"app-{n % 300:03}/{when:%Y/%m/%d}/{n:08}.gz",
    "by a hash, no date": lambda _when, n: f"{n * 2_654_435_761 % 2**32:08x}.gz",
}


class StubS3(ThreadingHTTPServer):
    """ListObjectsV2 over sorted keys with their times; everything else is an error."""

    def __init__(self, objects: dict[str, datetime]) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.objects = objects
        self.keys = sorted(objects)
        self.requests = 0

    def listed(self, prefix: str, delimiter: str, start_after: str) -> tuple[list[str], bool]:
        entries: list[str] = []
        position = max(bisect_left(self.keys, prefix), bisect_right(self.keys, start_after))
        while position < len(self.keys) and self.keys[position].startswith(prefix):
            if len(entries) == PAGE:
                return entries, True
            key = self.keys[position]
            slash = key.find(delimiter, len(prefix)) if delimiter else -1
            entries.append(key if slash < 0 else key[: slash + 1])
            position = position + 1 if slash < 0 else bisect_right(self.keys, key[: slash + 1] + "\U0010ffff")
        return entries, False


class _Answers(BaseHTTPRequestHandler):
    server: StubS3
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.requests += 1
        asked = dict(parse_qsl(urlsplit(self.path).query))
        assert asked.get("list-type") == "2"
        entries, more = self.server.listed(
            asked.get("prefix", ""), asked.get("delimiter", ""), asked.get("start-after", "")
        )
        body = "".join(self._entry(entry) for entry in entries)
        answer = (
            f"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{body}</ListBucketResult>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _entry(self, entry: str) -> str:
        if entry not in self.server.objects:
            return f"<CommonPrefixes><Prefix>{quote(entry)}</Prefix></CommonPrefixes>"
        return (
            f"<Contents><Key>{quote(entry)}</Key><ETag>&quot;e&quot;</ETag><Size>1</Size>"
            f"<LastModified>{self.server.objects[entry].isoformat()}</LastModified></Contents>"
        )

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - http.server's signature
        pass


def objects_of(layout: Layout, number: int) -> dict[str, datetime]:
    """Spread evenly over a year."""
    step = timedelta(days=DAYS) / number
    return {layout(NOW - step * n, n): NOW - step * n for n in range(number)}


def measure(name: str, layout: Layout, number: int) -> None:
    server = StubS3(objects_of(layout, number))
    Thread(target=server.serve_forever, daemon=True).start()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, s3={"addressing_style": "path"}),
    )
    lister = S3Objects(client)
    newer_than = NOW - timedelta(hours=1)
    began = time.perf_counter()
    recent = [file for page in pages_since(lister, "logs", "", newer_than=newer_than) for file in page.files]
    seconds = time.perf_counter() - began
    recent_requests, server.requests = server.requests, 0
    everything = sum(len(page.files) for page in pages(lister, "logs", ""))
    all_requests = server.requests
    server.shutdown()
    server.server_close()
    wanted = {key for key, when in server.objects.items() if when > newer_than}
    assert everything == number
    assert wanted <= {file.key for file in recent}
    print(f"| `{name}` | {recent_requests:,} | {all_requests:,} | {len(wanted):,} | {seconds:.2f} |")


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"{number:,} keys over {DAYS} days; new: those of the last hour")
    print("| layout | recent | everything | new | seconds, recent |\n|---|---|---|---|---|")
    for name, layout in LAYOUTS.items():
        measure(name, layout, number)


if __name__ == "__main__":
    main()
