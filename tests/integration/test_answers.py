"""A server that is frozen, or a network that swallows what is said: no answer is waited for without a limit.

None of these tests measures time: one that waits for ever ends by its own time-out, and fails.
"""

import gzip
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from tests.support.silent_proxy import at_nth, silent_proxy

from ingestor.api import process_local_file
from ingestor.database import Connection, ConnectionParameters, Database, TransactionLimits
from ingestor.deadline import Deadline
from ingestor.errors import DatabaseUnavailableError
from ingestor.ingest import Loaded
from ingestor.settings import Settings

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("impatient")]

COMMIT = b"COMMIT\x00"  # the statement, not "READ COMMITTED"
COPY_DATA = b"PGCOPY\n"
SHORT = TransactionLimits(total=0.5)
ENTRIES = 6

type Freeze = Callable[[int], None]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    connection, worker = (
        import_module("ingestor.database.connection"),
        import_module("ingestor.ingest.worker"),
    )
    monkeypatch.setattr(connection, "ANSWER_GRACE_SECONDS", 0.5)
    monkeypatch.setattr(connection, "ROLLBACK_SECONDS", 0.5)
    monkeypatch.setattr(worker, "SHORT", TransactionLimits(total=1))


@pytest.fixture
def freeze() -> Iterator[Freeze]:
    """Stops a backend; its client's socket stays open, and its locks are held."""
    frozen: list[int] = []

    def freeze(pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        frozen.append(pid)

    yield freeze
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    entries = [{"level": 30, "time": 1795432855268 + n, "msg": f"entry {n}"} for n in range(ENTRIES)]
    path = tmp_path / "app.json.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, entries)).encode()))
    return path


def backend(connection: Connection) -> int:
    """Not libpq's own answer: behind a pooler that is the pooler's."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    pid: int = row[0]
    return pid


def works(database: Database) -> bool:
    with database.transaction() as connection:
        return connection.execute("SELECT true").fetchone() == (True,)


def ordinals(database: Database) -> list[int]:
    with database.transaction() as connection:
        return [ordinal for (ordinal,) in connection.execute("SELECT ordinal FROM logs ORDER BY ordinal")]


def select(connection: Connection) -> None:
    connection.execute("SELECT 1")


def commit(_connection: Connection) -> None:
    """Nothing but that."""


def fail(_connection: Connection) -> None:
    raise ZeroDivisionError("which a rollback follows")


def copy(connection: Connection) -> None:
    with connection.cursor() as cursor, cursor.copy("COPY rejected_entries FROM STDIN") as copying:
        for _ in range(10_000):
            copying.write("more than any socket's buffers hold " * 1000)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("step", [select, commit, fail, copy])
def test_what_a_frozen_backend_doesnt_answer_ends_and_the_next_transaction_has_another_backend(
    database: Database, freeze: Freeze, step: Callable[[Connection], None]
) -> None:
    def freeze_and_go_on() -> None:
        with database.transaction(SHORT) as connection:
            freeze(backend(connection))
            step(connection)

    with pytest.raises(DatabaseUnavailableError, match=r"no answer within 1 s|which a rollback follows"):
        freeze_and_go_on()
    assert works(database)


def test_a_kept_connection_whose_backend_is_frozen_is_replaced_unnoticed(
    database_parameters: ConnectionParameters, freeze: Freeze
) -> None:
    with closing(Database(lambda: replace(database_parameters, connect_timeout=1), "public")) as database:
        with database.transaction() as connection:
            first = backend(connection)
        freeze(first)
        with database.transaction() as connection:
            assert backend(connection) != first


def test_a_connection_whose_backend_is_frozen_is_closed_at_once(database: Database, freeze: Freeze) -> None:
    unfinished = database.transaction()
    freeze(backend(unfinished.__enter__()))
    database.close()
    assert works(database)


def test_a_server_that_takes_connections_and_never_answers_is_an_unavailable_database(
    database_parameters: ConnectionParameters,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        to = replace(database_parameters, host="127.0.0.1", port=mute.getsockname()[1], connect_timeout=2)
        with (
            pytest.raises(DatabaseUnavailableError, match="timeout"),
            Database(lambda: to, "public").transaction(),
        ):
            pass


def test_near_its_end_an_invocation_waits_for_no_answer(
    database_parameters: ConnectionParameters, freeze: Freeze
) -> None:
    seconds = 600.0
    database = Database(lambda: database_parameters, "public", deadline=Deadline(lambda: seconds))
    assert works(database)
    seconds = 3.5
    unfinished = database.transaction()
    freeze(backend(unfinished.__enter__()))
    with pytest.raises(DatabaseUnavailableError, match="no answer within"):
        unfinished.__exit__(None, None, None)
    unfinished = database.transaction()
    freeze(backend(unfinished.__enter__()))
    seconds = 2.9
    error = ZeroDivisionError("which no rollback follows")
    with pytest.raises(DatabaseUnavailableError, match="which no rollback follows"):
        unfinished.__exit__(ZeroDivisionError, error, None)
    with pytest.raises(DatabaseUnavailableError, match="no time is left"):
        works(database)
    seconds = 600.0
    assert works(database)
    database.close()


# The first two commits are the eviction's and the claim's; then come the file's three chunks.
@pytest.mark.parametrize("number", [3, 4, 5])
def test_a_commit_that_was_done_and_whose_answer_never_comes_is_found_to_be_done(
    database: Database, database_parameters: ConnectionParameters, log_file: Path, number: int
) -> None:
    settings = Settings(chunk_rows=2, lease_seconds=1)
    with (
        silent_proxy(database_parameters, at_nth(COMMIT, number), tell_the_server=True) as silent,
        closing(Database(lambda: silent, "public")) as shaky,
    ):
        assert isinstance(process_local_file(log_file, settings=settings, database=shaky).outcome, Loaded)
    assert ordinals(database) == list(range(ENTRIES))


@pytest.mark.parametrize("word", [COMMIT, COPY_DATA])
def test_a_chunk_that_is_swallowed_fails_for_now_and_is_loaded_by_the_next_worker(
    database: Database, database_parameters: ConnectionParameters, log_file: Path, word: bytes
) -> None:
    settings = Settings(chunk_rows=2, lease_seconds=1)
    with (
        silent_proxy(database_parameters, at_nth(word, 3)) as silent,
        closing(Database(lambda: silent, "public")) as shaky,
        pytest.raises(DatabaseUnavailableError, match="no answer within"),
    ):
        process_local_file(log_file, settings=settings, database=shaky)
    with database.transaction() as connection:
        connection.execute("SELECT pg_sleep_until(lease_expires_at) FROM processed_files")
    assert isinstance(process_local_file(log_file, database=database).outcome, Loaded)
    assert ordinals(database) == list(range(ENTRIES))
