"""What may befall a PostgreSQL while a worker works with it; each lasts as long as its `with`."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from tests.faults.arena import Arena
from tests.support.own_server import OwnServer

from ingestor.database import Connection

LOCKED_SECONDS = 3.0
"""Longer than a worker of the suite waits for a lock."""

_OTHERS: LiteralString = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_FILES_LOCK: LiteralString = """
SELECT pg_advisory_xact_lock((classid::bigint << 32 | objid::bigint)) FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass(frozen=True, slots=True)
class DatabaseFaults:
    server: OwnServer
    arena: Arena

    def named(self, name: str) -> AbstractContextManager[None]:
        ways: dict[str, Callable[[], AbstractContextManager[None]]] = {
            "immediate stop": self.immediate_stop,
            "crash and recovery": self.crash,
            "restart": self.restart,
            "terminated backends": self.terminated,
            "read-only": self.read_only,
            "no connections": self.no_connections,
            "locked tables": self.locked,
            "deadlock": self.deadlock,
        }
        return ways[name]()

    @contextmanager
    def immediate_stop(self) -> Iterator[None]:
        """Down until it is over; then recovery."""
        self.server.crash()
        yield
        self.server.start()

    @contextmanager
    def crash(self) -> Iterator[None]:
        """Up again at once, without those who were connected."""
        self.server.crash()
        self.server.start()
        yield

    @contextmanager
    def restart(self) -> Iterator[None]:
        self.server.restart()
        yield

    @contextmanager
    def terminated(self) -> Iterator[None]:
        """Whoever is there, again and again."""
        is_over = threading.Event()
        self._terminate()
        storm = threading.Thread(target=self._terminate_until, args=(is_over,))
        storm.start()
        yield
        is_over.set()
        storm.join()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """As an old primary after a failover, or a hot standby that a name now points to."""
        self._set_read_only("on")
        yield
        self._set_read_only("off")

    @contextmanager
    def no_connections(self) -> Iterator[None]:
        """Somebody else has them all."""
        taken: list[Connection] = []
        with suppress(psycopg.OperationalError):
            taken += self._all_connections()
        yield
        for each in taken:
            each.close()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Somebody's DDL: it comes after whoever is inside a transaction, and before everybody else."""
        holder = threading.Thread(target=self._lock_for_a_while)
        holder.start()
        yield
        holder.join()

    @contextmanager
    def deadlock(self) -> Iterator[None]:
        """Somebody holds the files' rows, and waits for the lock that a worker inside its chunk has."""
        with self.arena.connect() as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT FROM processed_files FOR UPDATE")
            waiting = threading.Thread(target=self._wait_for_files_lock, args=(connection,))
            waiting.start()
            _until_somebody_waits(self.arena)
            yield
            waiting.join()

    def _terminate_until(self, is_over: threading.Event) -> None:
        while not is_over.wait(0.05):
            self._terminate()

    def _terminate(self) -> None:
        with suppress(psycopg.OperationalError), self.arena.connect() as connection:
            connection.execute(_OTHERS)

    def _set_read_only(self, value: LiteralString) -> None:
        # Of this database alone, and felt by its next sessions: those that there are end.
        with self.server.connect() as connection:
            connection.execute(
                psycopg.sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(
                    psycopg.sql.Identifier(self.arena.parameters.dbname), psycopg.sql.SQL(value)
                )
            )
        self._terminate()

    def _all_connections(self) -> Iterator[Connection]:
        self._terminate()
        while True:
            yield self.arena.connect()

    def _lock_for_a_while(self) -> None:
        with (
            self.arena.connect() as connection,
            suppress(psycopg.errors.DeadlockDetected),
            connection.transaction(),
        ):
            connection.execute("LOCK TABLE processed_files, logs IN ACCESS EXCLUSIVE MODE")
            time.sleep(LOCKED_SECONDS)

    def _wait_for_files_lock(self, connection: Connection) -> None:
        # Whoever of the two PostgreSQL chooses to end: the other goes on.
        with suppress(psycopg.errors.DeadlockDetected):
            connection.execute(_FILES_LOCK)
        connection.execute("ROLLBACK")


def _until_somebody_waits(arena: Arena) -> None:
    with arena.connect() as connection:
        for _ in range(1000):
            waits = connection.execute(
                "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            ).fetchone()
            if waits is not None:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits for the file's lock")
