"""The database fails in the middle of things: nothing is lost, nothing twice, and no file counts an attempt."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import LiteralString

import psycopg
import pytest
from tests.e2e.conftest import Service
from tests.e2e.outage.conftest import FILES, FIRST_BACKOFF, come_again, everything, ledger
from tests.support.own_server import OwnServer

from handler.runtime import runtime
from ingestor.database import Connection, ConnectionParameters, Database
from ingestor.model.source_file import SourceFile


def shut_down(server: OwnServer, _rival: Connection) -> None:
    server.stop()


def restart(server: OwnServer, _rival: Connection) -> None:
    server.restart()


def crash(server: OwnServer, _rival: Connection) -> None:
    server.crash()


def end_its_session(_server: OwnServer, rival: Connection) -> None:
    rival.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ingestor'"
    )


def wait_for_loader(rival: Connection) -> None:
    """Until it waits for a lock."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        waits: LiteralString = (
            "SELECT FROM pg_stat_activity WHERE application_name = 'ingestor' AND wait_event_type = 'Lock'"
        )
        if rival.execute(waits).fetchone() is not None:
            return
        # What a transaction sees of other sessions' activity is kept as of its first look.
        rival.execute("SELECT pg_stat_clear_snapshot()")
        time.sleep(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize("trouble", [shut_down, restart, crash, end_its_session])
def test_trouble_in_the_middle_of_a_chunk_loses_nothing_and_wears_no_file_out(
    server: OwnServer,
    service: Service,
    database: Database,
    database_parameters: ConnectionParameters,
    uploaded: list[str],
    attempts: list[str],
    deferred: list[str],
    trouble: Callable[[OwnServer, Connection], None],
) -> None:
    with ExitStack() as held, ThreadPoolExecutor(1) as other:
        rival = held.enter_context(server.connect(database_parameters.dbname))
        rival.execute("BEGIN; LOCK TABLE logs IN SHARE MODE")  # which COPY waits for, and a claim doesn't
        polling = other.submit(service.poll)
        wait_for_loader(rival)
        trouble(server, rival)
        polled = polling.result(timeout=60)
        rival.close()
    assert polled.failed == polled.ids
    assert deferred == [FIRST_BACKOFF] * FILES
    assert len(attempts) <= 2  # one connection to begin with, and one to learn what became of the chunk
    server.start()
    come_again(service, polled)
    assert service.poll().failed == []
    # Nobody waited for the lease of two minutes, and the file isn't an attempt nearer to being worn out.
    assert ledger(database) == everything(uploaded)


def test_a_deadlock_in_the_middle_of_a_chunk_is_begun_again_at_once(
    server: OwnServer,
    service: Service,
    database: Database,
    database_parameters: ConnectionParameters,
    uploaded: list[str],
    attempts: list[str],
) -> None:
    """The rival asks for what the loader holds, while that waits for what the rival holds."""
    with server.connect(database_parameters.dbname) as rival, ThreadPoolExecutor(1) as other:
        rival.execute("SET deadlock_timeout = '1min'")  # the loader looks for it sooner
        rival.execute("BEGIN; LOCK TABLE logs IN SHARE MODE")
        polling = other.submit(service.poll)
        wait_for_loader(rival)
        # Granted when the loader is rolled back; then the loader, whose claim is good, ends whoever holds its lock.
        with pytest.raises(psycopg.OperationalError):
            rival.execute(
                """SELECT pg_advisory_xact_lock(classid::bigint << 32 | objid::bigint), pg_sleep(60)
                   FROM pg_locks WHERE locktype = 'advisory' AND granted"""
            )
        assert polling.result(timeout=60).failed == []
    assert len(attempts) == 1
    assert ledger(database) == everything(uploaded)


def test_a_database_that_takes_claims_and_refuses_rows_wears_no_file_out(
    server: OwnServer,
    service: Service,
    database: Database,
    database_parameters: ConnectionParameters,
    uploaded: list[str],
    deferred: list[str],
) -> None:
    with server.connect(database_parameters.dbname) as owner:
        owner.execute(
            """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;
               CREATE TRIGGER refuse BEFORE INSERT ON logs FOR EACH ROW EXECUTE FUNCTION refuse()"""
        )
        for _ in range(runtime().settings.max_attempts + 2):
            polled = service.poll()
            assert len(polled.failed) == FILES
            come_again(service, polled)
        assert {status for status, *_ in ledger(database).values()} == {"PENDING"}
        owner.execute("DROP FUNCTION refuse CASCADE")
    rounds = range(runtime().settings.max_attempts + 2)
    assert deferred == [str(min(15 * 2**n, 900)) for n in rounds for _ in uploaded]
    assert service.poll().failed == []
    assert ledger(database) == everything(uploaded)


def test_an_outage_that_begins_between_two_messages_undoes_none_of_those_before(
    server: OwnServer,
    service: Service,
    database: Database,
    uploaded: list[str],
    attempts: list[str],
    deferred: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = runtime().worker.source
    opened = iter(range(FILES))

    def stop_at_the_third(file: SourceFile) -> object:
        if next(opened) == 2:
            server.stop()
        return type(source).open(source, file)

    monkeypatch.setattr(source, "open", stop_at_the_third)
    polled = service.poll()
    assert len(polled.ids) == FILES
    assert polled.failed == polled.ids[2:]
    assert deferred == [FIRST_BACKOFF] * 3
    assert len(attempts) == 2  # one to begin with, and one that was refused
    monkeypatch.undo()
    server.start()
    come_again(service, polled)
    assert service.poll().failed == []
    assert ledger(database) == everything(uploaded)
