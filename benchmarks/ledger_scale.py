"""What a sweep's queries cost as the ledger grows, with as much to do each time.

    python -m benchmarks.ledger_scale [--files 10000 1000000 5000000] [--due 200]

For each size: a PostgreSQL of its own, with its default settings; so many files in the ledger, so many of them due.
Pages are PostgreSQL's own count of 8 KiB blocks looked at.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

from ingestor import ledger
from ingestor.database import Connection, Database, migrate
from ingestor.database.embedded import EmbeddedPostgres

RUNS = 5

_FILL: LiteralString = """
INSERT INTO processed_files (bucket, s3_key, status, version, etag, event_time, last_log_at, processed_at,
    next_attempt_at, error, error_kind, failing_since)
SELECT 'logs', to_char(n, 'FM00000000'), CASE WHEN is_due THEN 'FAILED' ELSE 'COMPLETED' END, 1, md5(n::text),
    at, at, at,
    CASE WHEN is_due THEN now() - interval '1 minute' END, CASE WHEN is_due THEN 'x' END,
    CASE WHEN is_due THEN 'transient' END, CASE WHEN is_due THEN now() END
FROM (SELECT n, now() - make_interval(secs => 30.0 * (%(files)s - n)) AS at, n %% (%(files)s / %(due)s) = 0 AS is_due
      FROM generate_series(1, %(files)s) AS n) AS numbered
"""
_MAKE_DUE: LiteralString = """
UPDATE processed_files SET status = 'FAILED', error_kind = 'transient', next_attempt_at = now() - interval '1 minute'
WHERE next_attempt_at < 'infinity'
"""
_PAGES: LiteralString = """
SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))::bigint
FROM pg_statio_user_tables WHERE relname IN ('processed_files', 'file_events')
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one call, medians."""

    milliseconds: float
    pages: float


def measured(database: Database, watcher: Database, job: Callable[[Connection], object]) -> Cost:
    times, pages = [], []
    for _ in range(RUNS):
        with database.transaction() as connection:
            connection.execute(_MAKE_DUE)
            connection.execute("SELECT pg_stat_force_next_flush()")
        before = _pages(watcher)
        began = time.perf_counter()
        with database.transaction() as connection:
            job(connection)
            connection.execute("SELECT pg_stat_force_next_flush()")
        times.append(time.perf_counter() - began)
        pages.append(_pages(watcher) - before)
    return Cost(statistics.median(times) * 1000, statistics.median(pages))


def _pages(watcher: Database) -> int:
    with watcher.transaction() as connection:
        row = connection.execute(_PAGES).fetchone()
    return int(row[0]) if row else 0


def jobs(due: int) -> dict[str, Callable[[Connection], object]]:
    return {
        f"re-queue the {due} that are due": lambda connection: ledger.requeue_due(
            connection, limit=due, max_attempts=5, buckets={"logs"}
        ),
        "find those that `run` may claim": lambda connection: ledger.due_files(
            connection, limit=due, bucket="logs", prefix="", after=None
        ),
        "the gauges of a tick": ledger.read_ledger_gauges,
        "the newest log": lambda connection: ledger.newest_log_time(connection, "logs", ""),
    }


def measure(files: int, due: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # PostgreSQL refuses root, and whom it runs as instead must reach its data
        server = EmbeddedPostgres(Path(folder) / "postgres")
        parameters = server.start()
        database, watcher = (Database(lambda: parameters, "public") for _ in range(2))
        try:
            migrate(database)
            with database.transaction() as connection:
                connection.execute(_FILL, {"files": files, "due": due})
                connection.execute("ANALYZE processed_files")
            print(f"{files:,} files, {due} of them due")
            for name, job in jobs(due).items():
                cost = measured(database, watcher, job)
                print(f"  {name:36} {cost.milliseconds:8.1f} ms {cost.pages:10,.0f} pages")
        finally:
            database.close()
            watcher.close()
            server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, nargs="+", default=[10_000, 1_000_000, 5_000_000])
    parser.add_argument("--due", type=int, default=200)
    arguments = parser.parse_args()
    for files in arguments.files:
        measure(files, arguments.due)


if __name__ == "__main__":
    main()
