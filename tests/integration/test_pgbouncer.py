"""Behind the real PgBouncer in transaction mode, where no two transactions share a session."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import LiteralString

import pytest
from tests.e2e.conftest import BUCKET, DATA, Service, service

# The same sentences, read with the pooler in between.
from tests.integration.test_answers import (
    freeze,
    impatient,
    test_what_a_frozen_backend_doesnt_answer_ends_and_the_next_transaction_has_another_backend,
)
from tests.integration.test_exactly_once import (
    log_file,
    test_a_worker_stopped_past_its_lease_is_replaced_and_changes_nothing_when_it_wakes,
    test_two_workers_given_the_same_object_a_hundred_times_over_load_its_rows_once,
)
from tests.support.connections import Connect
from tests.support.pooler import find_pgbouncer, go_without_pgbouncer, pgbouncer
from tests.support.sweeping import Place

from ingestor import ledger
from ingestor.database import ConnectionParameters, Database, TransactionLimits, migrate
from ingestor.errors import DatabaseUnavailableError, TransactionInterruptedError
from ingestor.model.source_file import SourceFile
from ingestor.sweep import sweep

LIMITS: LiteralString = """
SELECT current_setting('lock_timeout'), current_setting('statement_timeout'),
       current_setting('idle_in_transaction_session_timeout')
"""

__all__ = [
    "freeze",
    "impatient",
    "log_file",
    "service",
    "test_a_worker_stopped_past_its_lease_is_replaced_and_changes_nothing_when_it_wakes",
    "test_two_workers_given_the_same_object_a_hundred_times_over_load_its_rows_once",
    "test_what_a_frozen_backend_doesnt_answer_ends_and_the_next_transaction_has_another_backend",
]


@pytest.fixture(scope="module")
def pooled(postgres: ConnectionParameters, reachable_folder: Path) -> Iterator[ConnectionParameters]:
    binary = find_pgbouncer()
    if binary is None:
        go_without_pgbouncer()
    with pgbouncer(binary, reachable_folder / "pgbouncer", postgres) as parameters:
        yield parameters


@pytest.fixture
def database_parameters(
    database_parameters: ConnectionParameters, pooled: ConnectionParameters
) -> ConnectionParameters:
    """The fresh database by way of the pooler: whatever a test connects with."""
    return replace(pooled, dbname=database_parameters.dbname)


def backends(database: Database) -> list[int]:
    pids = []
    for _ in range(6):
        with database.transaction() as connection:
            row = connection.execute("SELECT pg_backend_pid()").fetchone()
            assert row is not None
            pids.append(row[0])
    return pids


def test_one_connection_is_served_by_many_sessions(
    database: Database, new_database: Callable[[], Database]
) -> None:
    with new_database().transaction() as one, new_database().transaction() as another:
        one.execute("SELECT 1")
        another.execute("SELECT 1")
    assert len(set(backends(database))) > 1


def test_a_schema_is_created_and_brought_up_to_date(database_parameters: ConnectionParameters) -> None:
    with closing(Database(lambda: database_parameters, "elsewhere")) as database:
        assert all(migration.is_new for migration in migrate(database).migrations)
        assert not any(migration.is_new for migration in migrate(database).migrations)


def test_a_transaction_has_its_limits_and_leaves_none_behind(database: Database, connect: Connect) -> None:
    found: list[tuple[object, ...]] = []
    for _ in range(6):
        with database.transaction(TransactionLimits(total=60, lock=2, pause=3)) as connection:
            found += connection.execute(LIMITS).fetchall()
    assert set(found) == {("2s", "1min", "3s")}
    left = [connect().execute(LIMITS).fetchone() for _ in range(6)]
    assert set(left) == {("0", "0", "0")}


def test_a_pause_that_is_too_long_ends_the_transaction_and_the_next_one_works(
    database: Database, new_database: Callable[[], Database]
) -> None:
    paused = database.transaction(TransactionLimits(pause=0.1))
    connection = paused.__enter__()
    connection.execute("CREATE TABLE half_done (); SELECT pg_advisory_xact_lock(1)")
    with new_database().transaction() as other:
        other.execute("SELECT pg_advisory_xact_lock(1)")  # given when the session that paused has ended
    with pytest.raises((TransactionInterruptedError, DatabaseUnavailableError)):
        paused.__exit__(None, None, None)
    with database.transaction() as connection:
        assert connection.execute("SELECT to_regclass('half_done')").fetchone() == (None,)


def test_the_handler_loads_what_a_message_names(
    service: Service, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHUNK_ROWS", "500")
    service.s3.create_bucket(Bucket=BUCKET)
    keys = ["one.json.gz", "two.json.gz", "three.json.gz"]
    for number, key in enumerate(keys, start=1):
        body = (DATA / f"pino-http-{number}.json.gz").read_bytes()
        etag = service.s3.put_object(Bucket=BUCKET, Key=key, Body=body)["ETag"].strip('"')
        message = {"ingestor": "load", "bucket": BUCKET, "key": key, "etag": etag}
        service.sqs.send_message(QueueUrl=service.queue_url, MessageBody=json.dumps(message))
    assert service.poll().failed == []
    with database.transaction() as connection:
        found = connection.execute(
            "SELECT s3_key, status, (SELECT count(*) FROM logs WHERE file_id = f.id) FROM processed_files f"
        ).fetchall()
    assert sorted(found) == sorted(
        (key, "COMPLETED", rows) for key, rows in zip(keys, (2227, 2227, 2228), strict=True)
    )


def test_a_whole_sweep_finds_what_is_due(place: Place) -> None:
    database = place.tools.database
    file = SourceFile(place.bucket, "stuck.json", etag="etag")
    with database.transaction() as connection:
        ledger.claim(connection, file, lease_seconds=0, max_attempts=5, skip_newer=True)
    report = sweep(place.tools)
    assert report.failures == {}
    assert report.due is not None
    assert report.due.sent == 1
    assert "stuck.json" in place.sent_keys()


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_where_ci_is_set_a_missing_pgbouncer_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="no PgBouncer here"):
        go_without_pgbouncer()
