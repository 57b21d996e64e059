"""One connection at a time, opened when first needed, replaced when dead; psycopg's errors are translated here.

No session state outlives a transaction: search_path, time zone and time-outs are transaction-local, so that the
service works behind PgBouncer in transaction mode and RDS Proxy.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import LiteralString, Self

import psycopg
from psycopg import IsolationLevel

from ingestor.database.bounded import BoundedConnection, Connection
from ingestor.database.failures import spoils_connection, translated
from ingestor.database.limits import (
    ANSWER_GRACE_SECONDS,
    LAST_SECONDS,
    ROLLBACK_SECONDS,
    SERVER_GRACE_SECONDS,
    SHORT,
    TCP_USER_TIMEOUT_SECONDS,
    TransactionLimits,
)
from ingestor.database.schema_version import refuse_newer_schema
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import DatabaseUnavailableError, IngestorError, SchemaError
from ingestor.settings import AWS_AUTHORITIES, Settings, SslMode

# Transaction-local, and never start-up options: PgBouncer refuses those.
_BEGIN: LiteralString = """
SELECT set_config('search_path', %(search_path)s, true),
       set_config('TimeZone', 'UTC', true),
       set_config('lock_timeout', %(lock)s, true),
       set_config('statement_timeout', %(statement)s, true),
       set_config('idle_in_transaction_session_timeout', %(pause)s, true),
       CASE WHEN current_setting('server_version_num')::int >= 170000
            THEN set_config('transaction_timeout', %(transaction)s, true) END
"""
_MIN_CONNECT_SECONDS = 2
"""libpq takes no less: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-CONNECT-TIMEOUT"""


@dataclass(frozen=True, slots=True)
class ConnectionParameters:
    host: str
    port: int
    dbname: str
    user: str
    password: str = field(repr=False)
    sslmode: str = SslMode.PREFER.value
    sslrootcert: str | None = None
    connect_timeout: int = 10
    is_embedded: bool = False
    """No setting names it, so none is advised."""

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Raises ConfigurationError naming what is missing. A token for DB_IAM_AUTH is the caller's to add."""
        settings.require("db_host", "db_username", *(() if settings.db_iam_auth else ("db_password",)))
        return cls(
            host=settings.db_host or "",
            port=settings.db_port,
            dbname=settings.db_name,
            user=settings.db_username or "",
            password=settings.db_password.get_secret_value() if settings.db_password else "",
            sslmode=settings.db_sslmode.value,
            sslrootcert=_root_certificates(settings.db_sslrootcert),
            connect_timeout=settings.db_connect_timeout,
        )

    @property
    def address(self) -> str:
        """For people and logs: no password."""
        return f"{self.user}@{self.host}:{self.port}/{self.dbname}"


class Database:
    """`parameters` is asked for each new connection, so that a rotated password is found.

    Where that may be out of date, `renewed` fetches it anew. It is called once when a connection fails, and what it
    returns is tried if it differs. `deadline`: the process will be stopped then, so no answer is waited for beyond it;
    it may be another one in each invocation.
    """

    def __init__(
        self,
        parameters: Callable[[], ConnectionParameters],
        schema: str,
        *,
        renewed: Callable[[], ConnectionParameters] | None = None,
        deadline: Deadline = UNLIMITED,
    ) -> None:
        self._parameters = parameters
        self._renewed = renewed
        self.schema = schema
        self.deadline = deadline
        self._connection: BoundedConnection | None = None
        self._connect_seconds = math.inf
        self._address = "the database"
        self._has_settings = True

    @property
    def parameters(self) -> ConnectionParameters:
        """Where a new connection would go; for programs that open their own."""
        return self._parameters()

    @contextmanager
    def transaction(
        self, limits: TransactionLimits = SHORT, *, lock_timeout: float | None = None
    ) -> Iterator[Connection]:
        """READ COMMITTED; committed at the end, rolled back on any error. `lock_timeout`: instead of the limits' own.

        Raises DatabaseUnavailableError, SchemaError, and TransactionFailedError or one of its kinds for whatever else
        PostgreSQL and psycopg complain of.
        """
        connection: BoundedConnection | None = None
        try:
            connection = self._begin(limits if lock_timeout is None else replace(limits, lock=lock_timeout))
            yield connection
            connection.commit()
        except psycopg.Error as error:
            self._end(connection)
            if spoils_connection(error):
                self.close()
            raise translated(error, self._address, has_settings=self._has_settings) from error
        except IngestorError:
            self._end(connection)
            raise
        except Exception as error:
            if self._end(connection):
                raise
            # psycopg expects one last answer of a server. PgBouncer sends two, the server's and its own, and then
            # "too many values to unpack" is how a COPY's connection was lost.
            raise DatabaseUnavailableError(f"{self._address}: the connection broke: {error}") from error
        except BaseException:
            self._end(connection)
            raise

    def close(self) -> None:
        """Closes the connection at once; what is unsent is dropped."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _begin(self, limits: TransactionLimits) -> BoundedConnection:
        if self._connection is not None:
            try:
                return self._begin_on(self._connection, limits)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                # Idle since the last invocation, and closed by the server or a proxy meanwhile: replace it.
                self.close()
        self._connection = self._connect()
        begun = self._begin_on(self._connection, limits)
        try:
            refuse_newer_schema(begun)
        except SchemaError:
            # Each later transaction is refused as well: the schema does not become older.
            self.close()
            raise
        return begun

    def _begin_on(self, connection: BoundedConnection, limits: TransactionLimits) -> BoundedConnection:
        parameters = {
            "search_path": f"{self.schema}, pg_temp",
            "lock": _milliseconds(limits.lock),
            "statement": _milliseconds(limits.total),
            "pause": _milliseconds(limits.pause),
            "transaction": _milliseconds(limits.total + SERVER_GRACE_SECONDS),
        }
        connection.expect_answers_within(min(self._connect_seconds, self._seconds_left()))
        connection.execute(_BEGIN, parameters)
        connection.expect_answers_within(min(limits.total + ANSWER_GRACE_SECONDS, self._seconds_left()))
        return connection

    def _seconds_left(self) -> float:
        """Raises DatabaseUnavailableError when there are none: whoever will stop us needs the rest."""
        seconds = self.deadline.remaining_seconds() - LAST_SECONDS
        if seconds <= 0:
            raise DatabaseUnavailableError(f"{self._address}: no time is left to wait for it")
        return seconds

    def _connect(self) -> BoundedConnection:
        parameters = self._parameters()
        try:
            return self._connect_with(parameters)
        except psycopg.OperationalError:
            renewed = self._renewed() if self._renewed else parameters
            if renewed == parameters:
                raise
        return self._connect_with(renewed)

    def _connect_with(self, parameters: ConnectionParameters) -> BoundedConnection:
        self._address = parameters.address
        self._has_settings = not parameters.is_embedded
        self._connect_seconds = parameters.connect_timeout
        connection = BoundedConnection.connect(
            host=parameters.host,
            port=parameters.port,
            dbname=parameters.dbname,
            user=parameters.user,
            password=parameters.password,
            sslmode=parameters.sslmode,
            sslrootcert=parameters.sslrootcert,
            connect_timeout=max(_MIN_CONNECT_SECONDS, int(min(self._connect_seconds, self._seconds_left()))),
            application_name="ingestor",
            # A peer that vanished without a word is noticed within 30 + 3 x 10 seconds.
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
            tcp_user_timeout=TCP_USER_TIMEOUT_SECONDS * 1000,
            # Server-side prepared statements belong to a session, which a pooler does not keep.
            prepare_threshold=None,
        )
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        return connection

    def _end(self, connection: BoundedConnection | None) -> bool:
        """Rolls back. A connection that can't do that is closed, and the answer is False."""
        try:
            if connection is not None:
                left = self.deadline.remaining_seconds() - LAST_SECONDS
                connection.expect_answers_within(min(ROLLBACK_SECONDS, max(left, 0)))
                connection.rollback()
                return True
        except Exception:  # noqa: BLE001, S110 # nosec B110 # it is of no use, whatever it is; the cause is with the caller
            pass
        self.close()
        return False


def _milliseconds(seconds: float) -> str:
    """0 would mean no limit."""
    return f"{max(1, round(seconds * 1000))}ms"


def _root_certificates(named: str | None) -> str | None:
    return str(files("ingestor.database") / "certificates" / "aws.pem") if named == AWS_AUTHORITIES else named
