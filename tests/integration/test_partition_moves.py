"""A month is moved out of the default partition while a file's rows of that month are written or taken out."""

import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, LiteralString

import pytest
from tests.integration.conftest import CommandLine
from tests.support.connections import Connect
from tests.support.waiting import wait_until_somebody_waits

from ingestor import ledger
from ingestor.api import process_local_file
from ingestor.database import Connection, Database
from ingestor.errors import ErrorKind
from ingestor.ingest import Failed, HeldElsewhere, Loaded, Outcome
from ingestor.settings import OnOverwrite, Settings

MOVE: LiteralString = "SELECT move_month_out_of_default('2000-01-01', '2100-01-01')"
ENTRIES = 300
NEWER_ENTRIES = 400


def write_log(path: Path, entries: int, *, text: str = "first") -> Path:
    """Entries of a month that has no partition."""
    lines = [
        json.dumps({"time": f"2021-03-01T00:00:{n % 60:02}Z", "msg": f"{text} {n}"}) for n in range(entries)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return write_log(tmp_path / "app.json", ENTRIES)


def load(path: Path, database: Database, *, replace: bool = False) -> Outcome:
    settings = Settings(on_overwrite=OnOverwrite.REPLACE if replace else OnOverwrite.SKIP, chunk_rows=150)
    return process_local_file(path, settings=settings, database=database).outcome


def rows(database: Database) -> dict[str, int]:
    """Of each version of the file, by the first word of its messages."""
    with database.transaction() as connection:
        found = connection.execute(
            "SELECT split_part(message, ' ', 1), count(*) FROM logs GROUP BY 1"
        ).fetchall()
    return dict(found)


def completed(database: Database) -> list[tuple[str, int]]:
    with database.transaction() as connection:
        return connection.execute("SELECT status, rows_loaded FROM processed_files ORDER BY id").fetchall()


def while_the_month_moves(mover: Connection, act: Callable[[], Any]) -> Any:  # noqa: ANN401 - what `act` returns
    """`act` begins while the move holds its locks, and the move is committed once `act` waits for one."""
    row = mover.execute(MOVE).fetchone()
    assert row is not None
    assert str(row[0]) == "2021-03-01"
    with ThreadPoolExecutor(1) as other:
        acting: Future[Any] = other.submit(act)
        wait_until_somebody_waits(mover)
        mover.commit()
        return acting.result(timeout=60)


def test_a_replacement_takes_out_the_rows_that_were_moved_meanwhile(
    new_database: Callable[[], Database], connect: Connect, log_file: Path
) -> None:
    database = new_database()
    load(log_file, database)
    write_log(log_file, NEWER_ENTRIES, text="second")
    outcome = while_the_month_moves(connect(), lambda: load(log_file, new_database(), replace=True))
    assert isinstance(outcome, Loaded)
    assert rows(database) == {"second": NEWER_ENTRIES}
    assert completed(database) == [("COMPLETED", NEWER_ENTRIES)]


def test_a_reload_takes_out_the_rows_that_were_moved_meanwhile(
    database: Database, connect: Connect, log_file: Path, ingestor: CommandLine
) -> None:
    load(log_file, database)
    answer = while_the_month_moves(connect(), lambda: ingestor("reload", log_file, "--json"))
    assert answer.status == 0, answer.stderr
    assert answer.json["rows_unloaded"] == ENTRIES
    assert rows(database) == {}
    assert isinstance(load(log_file, database), Loaded)
    assert rows(database) == {"first": ENTRIES}


def test_a_copy_into_a_month_that_was_moved_meanwhile_is_done_again(
    new_database: Callable[[], Database], connect: Connect, log_file: Path, tmp_path: Path
) -> None:
    database = new_database()
    load(log_file, database)
    other_file = write_log(tmp_path / "other.json", NEWER_ENTRIES, text="other")
    outcome = while_the_month_moves(connect(), lambda: load(other_file, new_database()))
    assert isinstance(outcome, Loaded)
    assert rows(database) == {"first": ENTRIES, "other": NEWER_ENTRIES}
    assert completed(database) == [("COMPLETED", ENTRIES), ("COMPLETED", NEWER_ENTRIES)]


def test_two_that_build_the_same_month_build_it_once(connect: Connect) -> None:
    first, second = connect(), connect()
    build: LiteralString = "SELECT create_logs_partition('2021-03-01')"
    assert first.execute(build).fetchone() == (True,)
    with ThreadPoolExecutor(1) as other:
        building = other.submit(lambda: second.execute(build).fetchone())
        wait_until_somebody_waits(first)
        first.commit()
        assert building.result(timeout=60) == (False,)


def test_a_build_that_waits_for_the_statistics_holds_nothing_that_they_wait_for(connect: Connect) -> None:
    """ANALYZE takes logs first and its partitions after it: the other way round is a deadlock."""
    statistics, builder = connect(), connect()
    statistics.execute("LOCK TABLE ONLY logs IN SHARE UPDATE EXCLUSIVE MODE")
    with ThreadPoolExecutor(1) as other:
        building = other.submit(
            lambda: builder.execute("SELECT create_logs_partition('2021-03-01')").fetchone()
        )
        wait_until_somebody_waits(statistics)
        statistics.execute("LOCK TABLE logs_default IN ACCESS SHARE MODE NOWAIT")
        statistics.commit()
        assert building.result(timeout=60) == (True,)


def test_an_expired_month_that_got_rows_while_its_drop_waited_is_kept(
    database: Database, connect: Connect
) -> None:
    builder, worker, sweeper = connect(), connect(), connect()
    builder.execute("SELECT create_logs_partition('2021-03-01')")
    builder.commit()
    worker.execute(
        "INSERT INTO logs (id, file_id, ordinal, timestamp, message, raw_data) "
        "VALUES (gen_random_uuid(), 1, 0, '2021-03-05', 'late', '{}')"
    )
    with ThreadPoolExecutor(1) as other:
        dropping = other.submit(
            lambda: sweeper.execute("SELECT drop_expired_logs_partition('2021-06-01')").fetchone()
        )
        wait_until_somebody_waits(builder)
        worker.commit()
        assert dropping.result(timeout=60) == (None,)
    sweeper.commit()
    assert rows(database) == {"late": 1}


def forget(database: Database, *statements: LiteralString) -> None:
    with database.transaction() as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize("chunks_kept", [0, 1])
def test_rows_beyond_the_checkpoint_are_taken_out_and_loaded_once(
    database: Database, log_file: Path, chunks_kept: int
) -> None:
    """As a reload left them that met a move of their month, and as a restored ledger would."""
    load(log_file, database)
    with log_file.open("rb") as stream:
        offset = sum(len(stream.readline()) for _ in range(150 * chunks_kept))
    with database.transaction() as connection:
        connection.execute(
            """UPDATE processed_files SET status = 'PENDING', next_attempt_at = now(), checkpoint = %(kept)s,
               rows_loaded = %(kept)s, checkpoint_offset = %(offset)s""",
            {"kept": 150 * chunks_kept, "offset": offset},
        )
    assert isinstance(load(log_file, database), Loaded)
    assert rows(database) == {"first": ENTRIES}
    assert completed(database) == [("COMPLETED", ENTRIES)]
    with database.transaction() as connection:
        unloaded = connection.execute("SELECT rows FROM file_events WHERE event = 'unloaded'").fetchall()
    assert unloaded == [(ENTRIES - 150 * chunks_kept,)]


def test_rejected_entries_beyond_the_checkpoint_are_taken_out_as_well(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "odd.json"
    path.write_text('{"msg": "no time"}\n' * 3)
    settings = Settings(max_reject_ratio=1)
    process_local_file(path, settings=settings, database=database)
    forget(
        database,
        """UPDATE processed_files SET status = 'PENDING', next_attempt_at = now(), checkpoint = 0,
           rows_rejected = 0, checkpoint_offset = 0""",
    )
    assert isinstance(process_local_file(path, settings=settings, database=database).outcome, Loaded)
    with database.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM rejected_entries").fetchone() == (3,)


def test_rows_of_a_forgotten_file_are_left_alone_and_the_file_says_what_to_do(
    database: Database, log_file: Path
) -> None:
    load(log_file, database)
    forget(database, "DELETE FROM processed_files", "DELETE FROM file_events")
    outcome = load(log_file, database)
    assert isinstance(outcome, Failed)
    assert outcome.kind is ErrorKind.PERMANENT
    assert "another file_id" in outcome.error
    assert rows(database) == {"first": ENTRIES}
    forget(
        database,
        "DELETE FROM logs WHERE file_id NOT IN (SELECT id FROM processed_files)",
        "UPDATE processed_files SET status = 'PENDING', next_attempt_at = now(), error_kind = NULL",
    )
    assert isinstance(load(log_file, database), Loaded)
    assert rows(database) == {"first": ENTRIES}


def test_a_worker_whose_rows_are_its_successors_writes_nothing(
    database: Database, log_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_file = ledger.lock_file

    def lock_late(connection: Connection, claim: ledger.Claim) -> None:
        monkeypatch.setattr(ledger, "lock_file", lock_file)
        forget(database, "UPDATE processed_files SET lease_expires_at = now() - interval '1 s'")
        assert isinstance(load(log_file, database), Loaded)
        lock_file(connection, claim)

    monkeypatch.setattr(ledger, "lock_file", lock_late)
    with closing(Database(lambda: database.parameters, "public")) as late:
        assert isinstance(load(log_file, late), HeldElsewhere)
    assert rows(database) == {"first": ENTRIES}
    assert completed(database) == [("COMPLETED", ENTRIES)]
