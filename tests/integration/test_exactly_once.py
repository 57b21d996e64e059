"""Whatever dies, whenever it dies: every entry once."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest
from tests.integration.conftest import SOURCES
from tests.support.quick_commands import Order, preloaded_python

from ingestor.api import process_local_file
from ingestor.database import ConnectionParameters, Database
from ingestor.ingest import AlreadyLoaded, HeldElsewhere, Loaded
from ingestor.settings import OnOverwrite, Settings

ROOT = Path(__file__).parents[2]
DOOMED_WORKER = ROOT / "tests" / "support" / "doomed_worker.py"
ENTRIES = 7


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return write_log(tmp_path / "app.json.gz")


def write_log(path: Path) -> Path:
    entries = [{"level": 30, "time": 1795432855268 + n, "msg": f"entry {n}"} for n in range(ENTRIES - 1)]
    path.write_bytes(gzip.compress(json.dumps([*entries, "not an object"]).encode()))
    return path


def loaded(database: Database) -> list[tuple[object, ...]]:
    with database.transaction() as connection:
        return connection.execute(
            """SELECT f.status, f.rows_loaded, f.rows_rejected, f.checkpoint,
                      (SELECT array_agg(ordinal ORDER BY ordinal) FROM logs l WHERE l.file_id = f.id),
                      (SELECT array_agg(ordinal ORDER BY ordinal) FROM rejected_entries r WHERE r.file_id = f.id)
               FROM processed_files f"""
        ).fetchall()


EVERY_ENTRY_ONCE = ("COMPLETED", ENTRIES - 1, 1, ENTRIES, list(range(ENTRIES - 1)), [ENTRIES - 1])


def start_worker(
    parameters: ConnectionParameters,
    path: Path,
    ending: signal.Signals,
    step: int,
    mode: OnOverwrite = OnOverwrite.SKIP,
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, DOOMED_WORKER, json.dumps(asdict(parameters)), path, ending.name, str(step), mode],
        stdout=subprocess.PIPE,
        text=True,
    )


def run_killed_worker(
    parameters: ConnectionParameters, path: Path, step: int, mode: OnOverwrite = OnOverwrite.SKIP
) -> "subprocess.CompletedProcess[bytes]":
    """To its end before that step, or to the file's."""
    arguments: list[str | Path] = [
        json.dumps(asdict(parameters)),
        path,
        signal.SIGKILL.name,
        str(step),
        mode.value,
    ]
    order = Order("tests.support.doomed_worker", arguments, ROOT, os.environ)
    return preloaded_python(SOURCES).run(order, b"", seconds=30)


def load_after_lease(
    database: Database, path: Path, seconds: float = 20, mode: OnOverwrite = OnOverwrite.SKIP
) -> object:
    """What a redelivered message does: again and again, until the file isn't held any more."""
    settings = Settings(lease_seconds=1, on_overwrite=mode)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        outcome = process_local_file(path, settings=settings, database=database).outcome
        if not isinstance(outcome, HeldElsewhere):
            return outcome
        time.sleep(0.05)
    raise AssertionError("still held")


def test_two_workers_given_the_same_object_a_hundred_times_over_load_its_rows_once(
    database: Database, new_database: Callable[[], Database], tmp_path: Path
) -> None:
    paths = [write_log(tmp_path / f"{n}.json.gz") for n in range(100)]
    barrier = threading.Barrier(2)

    def work(own: Database) -> list[object]:
        outcomes: list[object] = []
        for path in paths:
            barrier.wait(timeout=60)
            outcomes.append(process_local_file(path, settings=Settings(), database=own).outcome)
        return outcomes

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(work, (new_database(), new_database()))
    for pair in zip(first, second, strict=True):
        assert sum(isinstance(outcome, Loaded) for outcome in pair) == 1
        assert sum(isinstance(outcome, HeldElsewhere | AlreadyLoaded) for outcome in pair) == 1
    assert loaded(database) == [EVERY_ENTRY_ONCE] * 100


def test_a_worker_killed_before_any_step_leaves_a_file_that_the_next_one_completes(
    database: Database, database_parameters: ConnectionParameters, log_file: Path
) -> None:
    survived = False
    step = 0
    while not survived:
        step += 1
        with database.transaction() as connection:
            connection.execute("TRUNCATE processed_files, file_events, logs, rejected_entries, raw_originals")
        worker = run_killed_worker(database_parameters, log_file, step)
        survived = worker.returncode == 0
        assert survived or worker.returncode == -signal.SIGKILL
        assert worker.stdout == (b"Loaded\n" if survived else b"")
        with database.transaction() as connection:
            connection.execute(
                "UPDATE processed_files SET lease_expires_at = clock_timestamp() WHERE status = 'PROCESSING'"
            )
        outcome = load_after_lease(database, log_file)
        assert isinstance(outcome, AlreadyLoaded if survived else Loaded | AlreadyLoaded)
        assert loaded(database) == [EVERY_ENTRY_ONCE], f"killed before round trip {step}"
    assert step > 15, "a file of four chunks takes more round trips than that: were the steps counted?"


def first_step_inside(
    statement: str, parameters: ConnectionParameters, database: Database, path: Path
) -> int:
    """The round trip at which a stopped worker's backend shows this statement."""
    for step in range(1, 60):
        with database.transaction() as connection:
            connection.execute("TRUNCATE processed_files, file_events, logs, rejected_entries, raw_originals")
        worker = start_worker(parameters, path, signal.SIGSTOP, step)
        try:
            _, status = os.waitpid(worker.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                break
            with database.transaction() as connection:
                shown = connection.execute(
                    "SELECT query FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND query ILIKE %s",
                    (statement,),
                ).fetchall()
            if shown:
                return step
        finally:
            worker.kill()
            worker.communicate()
    raise AssertionError(f"no step inside {statement}")


@pytest.mark.parametrize("statement", ["COPY logs%", "%'checkpoint'%"])
def test_a_worker_stopped_past_its_lease_is_replaced_and_changes_nothing_when_it_wakes(
    database: Database, database_parameters: ConnectionParameters, log_file: Path, statement: str
) -> None:
    step = first_step_inside(statement, database_parameters, database, log_file)
    with database.transaction() as connection:
        connection.execute("TRUNCATE processed_files, file_events, logs, rejected_entries, raw_originals")
    sleeper = start_worker(database_parameters, log_file, signal.SIGSTOP, step)
    try:
        os.waitpid(sleeper.pid, os.WUNTRACED)
        with database.transaction() as connection:
            connection.execute("SELECT pg_sleep_until(lease_expires_at) FROM processed_files")
        since = time.monotonic()
        assert isinstance(load_after_lease(database, log_file), Loaded)
        assert time.monotonic() - since < 5
    finally:
        os.kill(sleeper.pid, signal.SIGCONT)
        output, _ = sleeper.communicate(timeout=30)
    assert output == "HeldElsewhere\n"
    assert loaded(database) == [EVERY_ENTRY_ONCE]
