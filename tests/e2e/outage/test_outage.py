"""The database is unwell: no file is to blame, so none is marked; the whole batch waits, and nobody asks again."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import psycopg
import pytest
from tests.e2e.conftest import Service
from tests.e2e.outage.conftest import FILES, FIRST_BACKOFF, come_again, everything, ledger
from tests.support.own_server import OwnServer

from handler.runtime import runtime
from ingestor.database import Connection, Database

type Outage = Callable[[OwnServer, str], AbstractContextManager[None]]


@contextmanager
def down(server: OwnServer, _dbname: str) -> Iterator[None]:
    server.stop()
    yield
    server.start()


@contextmanager
def refusing_connections(server: OwnServer, dbname: str) -> Iterator[None]:
    server.run("ALTER DATABASE {} ALLOW_CONNECTIONS false", dbname)
    server.end_sessions(dbname)
    yield
    server.run("ALTER DATABASE {} ALLOW_CONNECTIONS true", dbname)


@contextmanager
def out_of_connections(server: OwnServer, dbname: str) -> Iterator[None]:
    server.end_sessions(dbname)
    with ExitStack() as held:
        while (connection := connected(server)) is not None:
            held.enter_context(connection)
        yield


def connected(server: OwnServer) -> Connection | None:
    """None: there are too many of us."""
    try:
        return server.connect()
    except psycopg.OperationalError as error:
        if "too many clients" not in str(error):
            raise
        return None


@contextmanager
def hanging(server: OwnServer, dbname: str) -> Iterator[None]:
    server.end_sessions(dbname)
    server.hang()
    yield
    server.wake()


@contextmanager
def read_only(server: OwnServer, dbname: str) -> Iterator[None]:
    server.run("ALTER DATABASE {} SET default_transaction_read_only = on", dbname)
    server.run("ALTER SYSTEM SET default_transaction_read_only = on")
    server.run("SELECT pg_reload_conf()")
    yield
    with server.connect() as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
        connection.execute("SELECT pg_reload_conf()")
    with server.connect() as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f'ALTER DATABASE "{dbname}" RESET default_transaction_read_only'.encode())


@pytest.mark.parametrize("before", ["nothing", "a transaction"])
@pytest.mark.parametrize("outage", [down, refusing_connections, out_of_connections, hanging, read_only])
def test_an_unwell_database_is_asked_once_and_the_whole_batch_waits(
    server: OwnServer,
    service: Service,
    database: Database,
    uploaded: list[str],
    attempts: list[str],
    deferred: list[str],
    monkeypatch: pytest.MonkeyPatch,
    outage: Outage,
    before: str,
) -> None:
    monkeypatch.setenv("DB_CONNECT_TIMEOUT", "2")
    is_warm = before == "a transaction"
    if is_warm:
        with runtime().worker.database.transaction():
            pass
    dbname = runtime().worker.database.parameters.dbname
    with outage(server, dbname):
        attempts.clear()
        polled = service.poll()
        assert len(polled.ids) == FILES
        assert polled.failed == polled.ids
        assert len(attempts) == (0 if is_warm and outage is read_only else 1)
        assert deferred == [FIRST_BACKOFF] * FILES
        assert service.receive_batch() == []
    assert ledger(database) == {}
    come_again(service, polled)
    assert service.poll().failed == []
    assert ledger(database) == everything(uploaded)
