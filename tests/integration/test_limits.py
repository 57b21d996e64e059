"""Whoever stops in the middle of a transaction holds the others up for a moment, and one file's wait is its own."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.integration.test_exactly_once import (
    EVERY_ENTRY_ONCE,
    first_step_inside,
    load_after_lease,
    loaded,
    start_worker,
    write_log,
)
from tests.support.connections import Connect
from tests.support.ledger_steps import all_due, claimed, failed
from tests.support.running import a_pass
from tests.support.sweeping import Place

from ingestor import ledger
from ingestor.api import process_local_file
from ingestor.database import ConnectionParameters, Database, TransactionLimits, migrate
from ingestor.database.migrate import Migration, bundled_migrations
from ingestor.deadline import UNLIMITED
from ingestor.errors import (
    ErrorKind,
    LockTimeoutError,
    TransactionInterruptedError,
    TransactionTimeoutError,
)
from ingestor.ingest import Failed, HeldElsewhere, Loaded
from ingestor.model.source_file import SourceFile
from ingestor.settings import Settings
from ingestor.sweep.partitions import maintain_partitions

PARTITIONS_MODULE = import_module("ingestor.database.partitions")
MIGRATE_MODULE = import_module("ingestor.database.migrate")  # by its path it is the function


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return write_log(tmp_path / "app.json.gz")


def test_a_transaction_has_the_limits_it_was_given(database: Database) -> None:
    with database.transaction(TransactionLimits(total=60, lock=2, pause=3)) as connection:
        found = dict(
            connection.execute("SELECT name, setting FROM pg_settings WHERE name ~ '_timeout$'").fetchall()
        )
        ours = {
            "lock_timeout": "2000",
            "statement_timeout": "60000",
            "idle_in_transaction_session_timeout": "3000",
        }
        if connection.info.server_version >= 170000:
            ours["transaction_timeout"] = "62000"
    assert ours.items() <= found.items()


def test_a_statement_that_takes_too_long_ends_and_the_connection_is_kept(database: Database) -> None:
    with database.transaction() as connection:
        backend = connection.info.backend_pid
    with (
        pytest.raises(TransactionTimeoutError),
        database.transaction(TransactionLimits(total=0.1)) as connection,
    ):
        connection.execute("SELECT pg_sleep(60)")
    with database.transaction() as connection:
        assert connection.info.backend_pid == backend


def test_a_lock_not_given_in_time_is_no_outage(database: Database, connect: Connect) -> None:
    connect().execute("LOCK TABLE processed_files")
    impatient = database.transaction(lock_timeout=0.01)
    with pytest.raises(LockTimeoutError, match="lock timeout"), impatient as connection:
        connection.execute("SELECT FROM processed_files")


# The claim's statement, and the one that moves the checkpoint: the process stops between it and its COMMIT.
@pytest.mark.parametrize("statement", ["%INSERT INTO processed_files AS f%", "%'checkpoint'%"])
def test_a_process_frozen_before_its_commit_holds_nobody_up_for_longer_than_a_pause(
    database: Database, database_parameters: ConnectionParameters, log_file: Path, statement: str
) -> None:
    step = first_step_inside(statement, database_parameters, database, log_file)
    with database.transaction() as connection:
        connection.execute("TRUNCATE processed_files, file_events, logs, rejected_entries, raw_originals")
    frozen = start_worker(database_parameters, log_file, signal.SIGSTOP, step)
    try:
        os.waitpid(frozen.pid, os.WUNTRACED)
        outcome: object = process_local_file(log_file, settings=Settings(), database=database).outcome
        if isinstance(outcome, HeldElsewhere):
            outcome = load_after_lease(database, log_file)
        assert isinstance(outcome, Loaded)
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
        output, _ = frozen.communicate(timeout=60)
    assert output in {"HeldElsewhere\n", "AlreadyLoaded\n", "Failed\n"}
    assert loaded(database) == [EVERY_ENTRY_ONCE]


def test_a_sweeper_that_stops_with_a_page_in_hand_gives_it_up(
    new_database: Callable[[], Database],
) -> None:
    sweeper, worker = new_database(), new_database()
    failed(worker)
    all_due(worker)
    stopped = sweeper.transaction()
    connection = stopped.__enter__()
    assert ledger.requeue_due(connection, limit=9, max_attempts=5, buckets={"logs"}).seen == 1
    assert claimed(worker).version == 2
    with pytest.raises(TransactionInterruptedError):
        stopped.__exit__(None, None, None)


def test_one_file_that_somebody_holds_fails_for_now_and_the_next_one_is_loaded(
    database: Database, connect: Connect, tmp_path: Path
) -> None:
    files = [write_log(tmp_path / f"{n}.json.gz") for n in range(2)]
    settings = Settings(lease_seconds=1)
    holder = connect()
    holder.execute(
        """INSERT INTO processed_files (store, bucket, s3_key, status, next_attempt_at)
           VALUES ('file', 'file', %s, 'PENDING', now())""",
        (str(files[0]),),
    )
    held = process_local_file(files[0], settings=settings, database=database).outcome
    assert isinstance(held, Failed)
    assert held.kind is ErrorKind.TRANSIENT
    assert str(files[0]) in held.error
    assert isinstance(process_local_file(files[1], settings=settings, database=database).outcome, Loaded)
    holder.rollback()
    assert isinstance(process_local_file(files[0], settings=settings, database=database).outcome, Loaded)


def test_a_pass_over_a_bucket_goes_on_with_the_others_when_one_file_is_held(
    place: Place, connect: Connect
) -> None:
    for key in ("held.json", "other.json"):
        place.upload(key, b'{"time": 1795432855268}')
    tools = replace(place.tools, settings=place.tools.settings.model_copy(update={"lease_seconds": 1}))
    etag = place.s3.head_object(Bucket=place.bucket, Key="held.json")["ETag"].strip('"')
    with tools.database.transaction() as connection:
        ledger.register(connection, [SourceFile(place.bucket, "held.json", etag=etag)])
    with connect() as holder:
        holder.execute("SELECT FROM processed_files WHERE s3_key = 'held.json' FOR UPDATE")
        done = a_pass(tools)
    assert (done.loaded, [failure.kind for failure in done.failures.values()]) == (1, ["transient"])
    assert a_pass(tools).loaded == 1


def test_a_chunk_that_waits_too_long_is_its_files_failure_in_the_ledger_too(
    database: Database, connect: Connect, log_file: Path
) -> None:
    holder = connect()
    holder.execute("LOCK TABLE logs IN SHARE MODE")
    outcome = process_local_file(log_file, settings=Settings(lease_seconds=1), database=database).outcome
    assert isinstance(outcome, Failed)
    assert outcome.retry_in_seconds is not None
    holder.rollback()
    with database.transaction() as connection:
        found = connection.execute("SELECT status, error_kind, attempts FROM processed_files").fetchall()
    assert found == [("FAILED", "transient", 0)]
    assert isinstance(process_local_file(log_file, database=database).outcome, Loaded)


def test_maintenance_that_takes_too_long_gives_up_and_the_rest_is_done(
    place: Place, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = connect()
    owner.execute(
        "INSERT INTO logs (id, file_id, ordinal, timestamp, raw_data) "
        "VALUES (gen_random_uuid(), 1, 0, '2021-03-01', '{}')"
    )
    owner.execute(
        """CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN PERFORM pg_sleep(60); RETURN OLD; END $$;
           CREATE TRIGGER dawdle BEFORE DELETE ON logs_default FOR EACH ROW EXECUTE FUNCTION dawdle()"""
    )
    owner.commit()
    monkeypatch.setattr(PARTITIONS_MODULE, "MAINTENANCE", TransactionLimits(total=0.5, lock=0.5))
    report = maintain_partitions(place.tools, UNLIMITED)
    assert report.gave_up == ("default partition",)
    assert report.analyzed


def test_a_migration_that_doesnt_get_its_lock_lets_the_others_on_and_tries_again(
    new_database: Callable[[], Database], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = connect()
    worker.execute("LOCK TABLE processed_files IN ROW EXCLUSIVE MODE")
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        worker.execute("SELECT FROM processed_files")  # nobody is before it in the queue
        worker.commit()

    monkeypatch.setattr(MIGRATE_MODULE, "MIGRATION", TransactionLimits(lock=0.1))
    monkeypatch.setattr(MIGRATE_MODULE, "time", SimpleNamespace(sleep=pause))
    new = Migration(9999, "9999_new.sql", "ALTER TABLE processed_files ADD COLUMN more int")
    assert migrate(new_database(), (*bundled_migrations(), new)).migrations[-1].is_new
    assert len(pauses) == 1


def test_a_migration_that_never_gets_its_lock_says_who_may_have_it_and_changes_nothing(
    new_database: Callable[[], Database], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect().execute("LOCK TABLE processed_files IN ROW EXCLUSIVE MODE")
    monkeypatch.setattr(MIGRATE_MODULE, "MIGRATION", TransactionLimits(lock=0.01))
    monkeypatch.setattr(MIGRATE_MODULE, "PAUSE_SECONDS", 0)
    new = Migration(9999, "9999_new.sql", "ALTER TABLE processed_files ADD COLUMN more int")
    with pytest.raises(LockTimeoutError, match=r"12 times: another migration.*nothing was changed"):
        migrate(new_database(), (*bundled_migrations(), new))
