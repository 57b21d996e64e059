"""The real PostgreSQL as the model sees it: its clock is the model's, and a session can be cut off at any step.

The clock: functions of the schema stand before those of pg_catalog in the search path, so that `clock_timestamp()` is
what the model says, and a lease ends when the model wants it to. Each look at it is a microsecond later.
"""

import os
import socket
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import RowFactory, scalar_row
from tests.faults.model_process import AT_MOST_SECONDS, AnyConnection, Limits

from ingestor.database import ConnectionParameters, Database

BEGINNING = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEEPALIVE_SECONDS = 3 * 3600
"""Linux asks a silent peer after two hours, nine times: then the server ends the session of one that is gone."""

READ_MILLISECONDS = 5

SCHEMA_WITH_CLOCK = "public, pg_catalog"

_CLOCK = """
CREATE TABLE model_clock (moment timestamptz NOT NULL);
INSERT INTO model_clock VALUES (%(beginning)s);
CREATE SEQUENCE model_ticks;
CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT moment + nextval(''model_ticks'') * interval ''1 microsecond'' FROM model_clock';
CREATE FUNCTION statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
    'SELECT moment + last_value * interval ''1 microsecond'' FROM model_clock, model_ticks';
CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT statement_timestamp()';
CREATE FUNCTION random() RETURNS float8 LANGUAGE sql STABLE AS 'SELECT 0.5::float8';

DO $$
DECLARE
    stamped record;
BEGIN
    FOR stamped IN
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_default ~ '(clock_timestamp|now)[(]'
    LOOP
        EXECUTE format(
            'ALTER TABLE %%I ALTER %%I SET DEFAULT public.clock_timestamp()', stamped.table_name, stamped.column_name);
    END LOOP;
    FOR stamped IN
        SELECT oid::regprocedure AS signature FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proconfig IS NOT NULL
    LOOP
        EXECUTE format('ALTER FUNCTION %%s SET search_path = public, pg_catalog, pg_temp', stamped.signature);
    END LOOP;
END
$$;
"""
_MONTHS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'logs'::regclass AND c.relname <> 'logs_default'
"""
_SESSIONS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_HOLDERS = f"SELECT pid, pg_blocking_pids(pid) FROM ({_SESSIONS}) AS sessions"  # noqa: S608 - constants
_TABLES = "processed_files, file_events, logs, rejected_entries, raw_originals, listings"


class AdminConnection(psycopg.Connection[Any]):
    """The model's own: no process pauses because of it."""

    wait = psycopg.Connection.wait


@dataclass(frozen=True, slots=True)
class _Vanished:
    """The server's end of a connection whose client is gone."""

    kept: socket.socket
    limits: Limits | None


class ModelPostgres:
    """`admin` is the model's own session; it never holds a lock beyond a statement."""

    def __init__(self, parameters: ConnectionParameters) -> None:
        self.parameters = parameters
        self.now = BEGINNING
        self.admin = AdminConnection.connect(
            host=parameters.host, port=parameters.port, dbname=parameters.dbname, user=parameters.user,
            password=parameters.password, autocommit=True, options="-c search_path=public,pg_catalog",
        )  # fmt: skip
        self.admin.execute("SET TimeZone = 'UTC'")
        self.admin.execute(
            sql.SQL("ALTER DATABASE {} SET deadlock_timeout = '10ms'").format(
                sql.Identifier(parameters.dbname)
            )
        )
        with self.admin.cursor() as cursor:
            cursor.execute(psycopg.ClientCursor(self.admin).mogrify(_CLOCK, {"beginning": BEGINNING}))
        self._vanished: dict[int, _Vanished] = {}
        self._idle: list[Database] = []
        self._drop_months(self._months())
        self.admin.execute("SELECT ensure_logs_partitions(0, 3)")
        self._usual_months = self._months()

    def database(self) -> Database:
        """For one process; one that another has given back, because a new connection takes longer than all the rest."""
        return self._idle.pop() if self._idle else Database(lambda: self.parameters, SCHEMA_WITH_CLOCK)

    def give_back(self, database: Database) -> None:
        self._idle.append(database)

    def close(self) -> None:
        for database in self._idle:
            database.close()
        self.end_vanished(KEEPALIVE_SECONDS)
        self.admin.close()

    def begin_anew(self) -> None:
        """As it was at the beginning: no rows, the usual months."""
        self.end_vanished(KEEPALIVE_SECONDS)
        self._drop_months(self._months() - self._usual_months)
        self.admin.execute(f"TRUNCATE {_TABLES} RESTART IDENTITY")
        self.admin.execute("SELECT ensure_logs_partitions(0, 3)")
        self.admin.execute("ALTER SEQUENCE model_ticks RESTART")
        self.admin.execute(
            "UPDATE schema_migrations SET applied_at = %s", (BEGINNING - timedelta(seconds=1),)
        )
        self._set_clock(BEGINNING)

    def read[Row](
        self, rows: RowFactory[Row], query: LiteralString, parameters: dict[str, object]
    ) -> list[Row] | None:
        """None: a table that would have to be read is locked."""
        with self.admin.transaction(), self.admin.cursor(row_factory=rows) as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{READ_MILLISECONDS}ms'")
            try:
                return cursor.execute(query, parameters).fetchall()
            except psycopg.errors.LockNotAvailable:
                return None

    def pass_time(self, seconds: float) -> None:
        self._set_clock(self.now + timedelta(seconds=seconds))

    def wait_for(self, sessions: Iterable[int], resting: Collection[int]) -> bool:
        """Whether all of `sessions` (their backends' process ids) wait for locks that nobody but `resting` ones hold.

        Not those of a deadlock, which the server is about to end, and not those behind a session that is ending.
        """
        holders: dict[int, list[int]] = dict(self.admin.execute(_HOLDERS).fetchall())
        resting = {*resting, *self._vanished}

        def waits(session: int, behind: tuple[int, ...] = ()) -> bool:
            if session in resting or session in behind:
                return session in resting
            of = holders.get(session, [])
            return bool(of) and all(waits(each, (*behind, session)) for each in of)

        return all(waits(session) for session in sessions)

    def activity(self) -> list[tuple[object, ...]]:
        """For people: who does what, and for whom each waits."""
        return self.admin.execute(
            "SELECT pid, pg_blocking_pids(pid), state, wait_event, left(query, 80) FROM pg_stat_activity "
            "WHERE datname = current_database()"
        ).fetchall()

    def living(self) -> set[int]:
        """The sessions that there are, beside the model's own."""
        with self.admin.cursor(row_factory=scalar_row) as cursor:
            return set(cursor.execute(_SESSIONS))

    def end(self, session: int) -> None:
        """As the database does with a session whose time is up."""
        self.admin.execute("SELECT pg_terminate_backend(%s)", (session,))
        self.await_end(session)

    def await_end(self, session: int) -> None:
        """Of a session that was cut off; one that waits for a lock notices later."""
        _until(
            lambda: session not in self.living() or dict(self.admin.execute(_HOLDERS).fetchall()).get(session)
        )

    def await_ends(self, before: set[int], number: int) -> None:
        """Until so many of those sessions that lived `before` have ended."""
        _until(lambda: len(before - self.living()) >= number)

    def cancel(self, session: int) -> None:
        self.admin.execute("SELECT pg_cancel_backend(%s)", (session,))

    def let_vanish(self, connection: AnyConnection, limits: Limits | None) -> None:
        """The client's end is dead; the server's end sees a peer that says nothing."""
        number = connection.pgconn.socket
        kept = socket.socket(fileno=os.dup(number))
        dead, other = socket.socketpair()
        other.close()
        os.dup2(dead.fileno(), number)
        dead.close()
        self._vanished[connection.pgconn.backend_pid] = _Vanished(kept, limits)

    def end_vanished(self, after_seconds: float) -> None:
        """Those whose peer has said nothing for too long."""
        for session, vanished in list(self._vanished.items()):
            limit = vanished.limits.of_a_sleeper if vanished.limits else None
            if after_seconds >= min(limit or KEEPALIVE_SECONDS, KEEPALIVE_SECONDS):
                del self._vanished[session]
                vanished.kept.close()
                self.end(session)

    def _set_clock(self, moment: datetime) -> None:
        self.now = moment
        self.admin.execute("UPDATE model_clock SET moment = %s", (moment,))

    def _months(self) -> frozenset[str]:
        with self.admin.cursor(row_factory=scalar_row) as cursor:
            return frozenset(cursor.execute(_MONTHS))

    def _drop_months(self, names: Iterable[str]) -> None:
        for name in names:
            self.admin.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))


def _until(is_so: Callable[[], object]) -> None:
    """Of what the server does by itself."""
    give_up_at = time.monotonic() + AT_MOST_SECONDS
    while not is_so():
        assert time.monotonic() < give_up_at, "the server doesn't end a session"
        time.sleep(0.001)
