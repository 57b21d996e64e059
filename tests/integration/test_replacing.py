"""The rows of an old version leave in one transaction, however long that takes and whoever dies meanwhile."""

import itertools
import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from tests.integration.test_exactly_once import load_after_lease, run_killed_worker
from tests.support.connections import Connect
from tests.support.overwriting import messages
from tests.support.stepped_database import Killed, SteppedDatabase

from ingestor.api import process_local_file
from ingestor.database import ConnectionParameters, Database
from ingestor.errors import ErrorKind
from ingestor.ingest import AlreadyLoaded, Failed, HeldElsewhere, Loaded, Outcome
from ingestor.settings import OnOverwrite, Settings

ENTRIES = 5
STEPS_TO_REPLACEMENT = 4
"""Transactions before it: eviction, the claim that finds another version, the claim for its replacement."""
GATE = 4711
# Deleting waits at a gate, and no lock time-out reaches it there.
_SLOW_DELETE: LiteralString = """
CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(4711);
    RETURN NULL;
END $$;
CREATE TRIGGER wait_at_gate BEFORE DELETE ON rejected_entries FOR EACH STATEMENT EXECUTE FUNCTION wait_at_gate()
"""
_WAITS_AT_GATE: LiteralString = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted
"""
_END_LEASE: LiteralString = (
    "UPDATE processed_files SET lease_expires_at = clock_timestamp() WHERE status = 'PROCESSING'"
)
_LEASE_LEFT: LiteralString = """
SELECT extract(epoch FROM lease_expires_at - clock_timestamp())::float8 FROM processed_files
WHERE status = 'PROCESSING'
"""


def write(path: Path, word: str) -> Path:
    path.write_text(
        "\n".join(json.dumps({"time": 1795432855268, "msg": f"{word} {n}"}) for n in range(ENTRIES))
    )
    return path


def words(word: str) -> list[str]:
    return [f"{word} {n}" for n in range(ENTRIES)]


def replaced(database: Database, path: Path, *, lease_seconds: float = 60) -> Outcome:
    settings = Settings(on_overwrite=OnOverwrite.REPLACE, lease_seconds=lease_seconds)
    return process_local_file(path, settings=settings, database=database).outcome


def test_a_worker_that_dies_while_replacing_holds_its_file_for_a_lease_and_no_longer(
    database: Database, database_parameters: ConnectionParameters, tmp_path: Path
) -> None:
    replaced(database, write(tmp_path / "app.json", "old"))
    write(tmp_path / "app.json", "new and longer")
    for last in itertools.count(1):
        steps = itertools.count(1)

        def die(last: int = last, steps: "itertools.count[int]" = steps) -> None:
            if next(steps) == last:
                raise Killed

        doomed = SteppedDatabase(database_parameters, die)
        try:
            replaced(doomed, tmp_path / "app.json")
            break
        except Killed:
            pass
        finally:
            doomed.close()
        with database.transaction() as connection:
            for (left,) in connection.execute(_LEASE_LEFT):
                assert left <= 60, f"killed before transaction {last}"
            connection.execute(_END_LEASE)
    assert last > 5, "a replacement takes more transactions than that: were they counted?"
    assert messages(database) == words("new and longer")


def test_a_replacement_that_kills_each_of_its_workers_ends_and_says_so(
    database: Database, database_parameters: ConnectionParameters, tmp_path: Path
) -> None:
    path = write(tmp_path / "app.json", "old")
    replaced(database, path)
    write(path, "new and longer")
    for _ in range(Settings().max_attempts + 1):
        doomed = SteppedDatabase(database_parameters, dying_after_the_claim())
        with pytest.raises(Killed):
            replaced(doomed, path)
        doomed.close()
        with database.transaction() as connection:
            connection.execute(_END_LEASE)
    for _ in range(2):
        outcome = replaced(database, path)
        assert isinstance(outcome, Failed)
        assert outcome.kind is ErrorKind.PERMANENT
        assert "worn out: 6 workers died at entry 5, or taking out 5 rows" in outcome.error
    assert messages(database) == words("old")
    assert isinstance(replaced(database, write(path, "corrected by yet another version")), Loaded)
    assert messages(database) == words("corrected by yet another version")


def dying_after_the_claim() -> Callable[[], None]:
    """In the transaction that would take the rows out."""
    steps = itertools.count(1)

    def die() -> None:
        if next(steps) == STEPS_TO_REPLACEMENT:
            raise Killed

    return die


def test_a_replacement_that_takes_longer_than_the_lease_keeps_its_file(
    database: Database, new_database: Callable[[], Database], connect: Connect, tmp_path: Path
) -> None:
    replaced(database, write(tmp_path / "app.json", "old"))
    write(tmp_path / "app.json", "new and longer")
    gate, other = connect(), new_database()
    gate.autocommit = True
    gate.execute(_SLOW_DELETE)
    gate.execute("SELECT pg_advisory_lock(%s)", (GATE,))
    outcomes: list[Outcome] = []
    worker = threading.Thread(
        target=lambda: outcomes.append(replaced(new_database(), tmp_path / "app.json", lease_seconds=1))
    )
    worker.start()
    try:
        wait_until_a_worker_waits(gate)
        gate.execute("SELECT pg_sleep_until(lease_expires_at) FROM processed_files")
        for _ in range(3):
            assert replaced(other, tmp_path / "app.json", lease_seconds=1) == HeldElsewhere()
            gate.execute("SELECT pg_sleep_until(lease_expires_at) FROM processed_files")
        assert messages(database) == words("old"), "readers see all of the old rows until the new ones come"
    finally:
        gate.execute("SELECT pg_advisory_unlock(%s)", (GATE,))
        worker.join(30)
    assert isinstance(outcomes[0], Loaded)
    assert messages(database) == words("new and longer")


def wait_until_a_worker_waits(gate: psycopg.Connection[tuple[Any, ...]]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        row = gate.execute(_WAITS_AT_GATE, (GATE,)).fetchone()
        if row and row[0]:
            return
    raise AssertionError("nothing is being deleted")


def test_a_worker_killed_amid_a_replacement_leaves_the_old_rows_or_the_new_ones(
    database: Database, database_parameters: ConnectionParameters, tmp_path: Path
) -> None:
    path = tmp_path / "app.json"
    for step in itertools.count(1, 3):
        with database.transaction() as connection:
            connection.execute("TRUNCATE processed_files, file_events, logs, rejected_entries, raw_originals")
        replaced(database, write(path, "old"))
        write(path, "new and longer")
        worker = run_killed_worker(database_parameters, path, step, OnOverwrite.REPLACE)
        survived = worker.returncode == 0
        assert survived or worker.returncode == -signal.SIGKILL
        assert worker.stdout == (b"Loaded\n" if survived else b"")
        seen = messages(database)
        assert seen == words("old") or seen == words("new and longer")[: len(seen)]
        with database.transaction() as connection:
            connection.execute(_END_LEASE)
        assert isinstance(
            load_after_lease(database, path, mode=OnOverwrite.REPLACE),
            AlreadyLoaded if survived else Loaded | AlreadyLoaded,
        )
        assert messages(database) == words("new and longer"), f"killed before round trip {step}"
        if survived:
            break
    assert step > 15, "a replacement takes more round trips than that: were they counted?"
