"""With a large ledger and little to do, each query of a sweep reads in proportion to what is to do."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from ingestor import ledger
from ingestor.database import ConnectionParameters, Database, migrate
from ingestor.ledger import gauges, intervention, lock, registration, requeue

FILES = 40_000
DUE = 200
PAGES_PER_FILE = 27
"""At most; moving a row writes to seven indexes, each a descent of two or three pages."""

_FILL: LiteralString = """
INSERT INTO processed_files (bucket, s3_key, status, version, etag, event_time, last_log_at, processed_at,
    next_attempt_at, error, error_kind, failing_since)
SELECT 'logs', to_char(n, 'FM00000000'), CASE WHEN is_due THEN 'FAILED' ELSE 'COMPLETED' END, 1, 'e', at, at, at,
    CASE WHEN is_due THEN now() - interval '1 minute' END, CASE WHEN is_due THEN 'x' END,
    CASE WHEN is_due THEN 'transient' END, CASE WHEN is_due THEN now() END
FROM (SELECT n, now() - make_interval(mins => %(files)s - n) AS at, n %% (%(files)s / %(due)s) = 0 AS is_due
      FROM generate_series(1, %(files)s) AS n) AS numbered
"""


@pytest.fixture(scope="module")
def large(postgres: ConnectionParameters) -> Iterator[Database]:
    """Filled once; each test rolls back what it changes."""
    parameters = replace(postgres, dbname="large_ledger")
    with psycopg.connect(
        host=postgres.host, port=postgres.port, dbname=postgres.dbname, user=postgres.user,
        password=postgres.password, autocommit=True,
    ) as connection:  # fmt: skip
        connection.execute(sql.SQL("CREATE DATABASE large_ledger"))
    database = Database(lambda: parameters, "public")
    migrate(database)
    with database.transaction() as filling:
        filling.execute(_FILL, {"files": FILES, "due": DUE})
        filling.execute("ANALYZE processed_files")
    yield database
    database.close()


def plan_of(database: Database, query: LiteralString, parameters: dict[str, object]) -> dict[str, Any]:
    """Run, and taken back."""
    with database.transaction() as connection, connection.transaction(force_rollback=True):
        row = connection.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + query, parameters).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def pages(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """How each table is read, below the plan's top."""
    if "Relation Name" in plan and "Scan" in plan["Node Type"]:
        yield plan["Node Type"], plan["Relation Name"]
    for part in plan.get("Plans", []):
        yield from scans(part)


OURS: dict[str, object] = {"any_bucket": False, "buckets": ["logs"]}
CASES: dict[str, tuple[LiteralString, dict[str, object]]] = {
    "requeue": (
        requeue._REQUEUE,
        OURS | {"limit": DUE, "max_attempts": 5, "requeue": 900},
    ),
    "evict": (lock._EVICT_ALL_EXPIRED, {}),
    "claimable": (
        requeue._CLAIMABLE,
        {"limit": DUE, "store": "s3", "bucket": "logs", "prefix": "", "after_time": None, "after_id": 0},
    ),
    "claimable, a later page": (
        requeue._CLAIMABLE,
        {
            "limit": DUE,
            "store": "s3",
            "bucket": "logs",
            "prefix": "",
            "after_time": datetime.now(UTC),
            "after_id": 7,
        },
    ),
    "gauges": (gauges._GAUGES, {}),
    "newest log": (
        registration._NEWEST_LOG_TIME,
        {"store": "s3", "bucket": "logs", "prefix": "", "within": 1},
    ),
    "known": (
        registration._KNOWN,
        {"store": "s3", "bucket": "logs", "keys": [f"{n:08}" for n in range(DUE)]},
    ),
    "failed": (
        intervention._FAILED,
        {"matching": "", "kind": "", "after_id": 0, "limit": DUE},
    ),
}


def test_a_page_of_what_can_be_claimed_is_read_in_order_also_from_a_ledger_just_filled(
    database: Database,
) -> None:
    """Without statistics yet: a bucket of millions, just entered, is loaded page by page."""
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO processed_files (bucket, s3_key, status, next_attempt_at, event_time) "
            "SELECT 'logs', n::text, 'PENDING', now(), now() - make_interval(secs => n) "
            "FROM generate_series(1, 20000) AS n"
        )
        before = connection.execute("SELECT pg_stat_get_xact_tuples_fetched('processed_files'::regclass)")
        [(fetched,)] = before.fetchall()
        page = ledger.due_files(connection, limit=DUE, bucket="logs", prefix="", after=None)
        ledger.due_files(connection, limit=DUE, bucket="logs", prefix="", after=page[-1])
        after = connection.execute("SELECT pg_stat_get_xact_tuples_fetched('processed_files'::regclass)")
        [(fetched_since,)] = after.fetchall()
    assert [file.file.key for file in page[:2]] == ["20000", "19999"]
    assert fetched_since - fetched <= 3 * DUE


@pytest.mark.parametrize("name", CASES)
def test_a_query_of_the_sweep_reads_what_is_due_and_not_the_ledger(large: Database, name: str) -> None:
    plan = plan_of(large, *CASES[name])
    assert ("Seq Scan", "processed_files") not in set(scans(plan))
    assert pages(plan) <= PAGES_PER_FILE * DUE


def test_the_measure_would_notice_a_lost_index(large: Database) -> None:
    with large.transaction() as connection, connection.transaction(force_rollback=True):
        connection.execute("DROP INDEX processed_files_due, processed_files_unfinished_by_upload")
        query, parameters = CASES["requeue"]
        row = connection.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + query, parameters).fetchone()
    assert row is not None
    assert ("Seq Scan", "processed_files") in set(scans(row[0][0]["Plan"]))


def test_a_whole_sweep_sends_each_due_file_once(large: Database) -> None:
    with large.transaction() as connection, connection.transaction(force_rollback=True):
        page = ledger.requeue_due(connection, limit=10 * DUE, max_attempts=5, buckets={"logs"})
    assert (len(page.files), page.worn_out) == (DUE, 0)
