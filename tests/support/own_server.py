"""A PostgreSQL that a test may stop, starve and set read-only, without a thought for other tests."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import LiteralString, Self

import psycopg
from psycopg import sql
from tests.support.free_port import free_port

from ingestor.database import Connection, ConnectionParameters, Database, migrate
from ingestor.database.embedded import EmbeddedPostgres

MAX_CONNECTIONS = 10
_numbers = count(1)


class OwnServer:
    """It comes back on the same port. `parameters` are those of its maintenance database."""

    def __init__(
        self, folder: Path, binaries: Path | None, *, max_connections: int = MAX_CONNECTIONS
    ) -> None:
        options = (
            "fsync=off",
            f"port={free_port()}",
            f"max_connections={max_connections}",
            "superuser_reserved_connections=0",
            "deadlock_timeout=100ms",
        )
        self._postgres = EmbeddedPostgres(folder, options=options, binaries=binaries)
        self.parameters = self._postgres.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._postgres.start()

    def stop(self) -> None:
        """As an administrator does: sessions are ended with 57P01."""
        self._postgres.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def crash(self) -> None:
        """As if killed: sessions end with 57P02, and what comes next is recovery."""
        os.kill(self._pid, signal.SIGQUIT)
        while self._postgres.is_running():
            time.sleep(0.01)

    def hang(self) -> None:
        """The kernel still takes connections, and nobody answers them."""
        os.kill(self._pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    def connect(self, dbname: str | None = None) -> Connection:
        """In autocommit, over no `Database`."""
        to = self.parameters
        return psycopg.connect(
            host=to.host,
            port=to.port,
            user=to.user,
            password=to.password,
            dbname=dbname or to.dbname,
            autocommit=True,
        )

    def run(self, statement: LiteralString, *names: str) -> None:
        """Each `{}` of the statement is one of `names`, quoted."""
        with self.connect() as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def end_sessions(self, dbname: str) -> None:
        """Returns when they are gone."""
        with self.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = %s", (dbname,)
            )

    @property
    def data_folder(self) -> Path:
        return self._postgres.data_folder

    @contextmanager
    def fresh_database(self, tablespace: str = "pg_default") -> Iterator[ConnectionParameters]:
        name = f"own_{next(_numbers)}"
        self.run("CREATE DATABASE {} TABLESPACE {}", name, tablespace)
        parameters = replace(self.parameters, dbname=name)
        database = Database(lambda: parameters, "public")
        migrate(database)
        database.close()
        yield parameters
        self.start()
        self.run("DROP DATABASE {} WITH (FORCE)", name)

    @property
    def _pid(self) -> int:
        return int((self.data_folder / "postmaster.pid").read_text().splitlines()[0])
