"""One connection at a time, opened when first needed, replaced when dead; psycopg's errors are translated here.

No session state outlives a transaction: search_path, time zone and time-outs are transaction-local, so that the
service works behind PgBouncer in transaction mode and RDS Proxy.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, LiteralString, Self

import psycopg
from psycopg import IsolationLevel, errors

from ingestor.errors import (
    ClaimLostError,
    DatabaseUnavailableError,
    IngestorError,
    LockTimeoutError,
    SchemaError,
)
from ingestor.settings import AWS_AUTHORITIES, Settings, SslMode

type Connection = psycopg.Connection[tuple[Any, ...]]

_BEGIN: LiteralString = """
SELECT set_config('search_path', %(search_path)s, true),
       set_config('TimeZone', 'UTC', true),
       set_config('lock_timeout', %(lock_timeout)s, true)
"""

# Nobody's file's fault: down, restarting, out of connections, read-only after a failover, deadlock, cancelled.
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_UNAVAILABLE = ("08", "40", "53", "57", "25006")
# After these the server is as well as before; after any other a new connection may reach a better one: a primary that
# a failover made read-only still answers those who stay.
_CONNECTION_IS_WELL = ("40", "55P03")
_WRONG_SCHEMA = ("42", "3F")
_NO_PRIVILEGE = "42501"
_UNIQUE_VIOLATION = "23505"
_LOCK_NOT_AVAILABLE = "55P03"


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

    Where what it gives may be out of date, `renewed` fetches it anew: asked once when a connection fails, and if it
    says something else, that is tried.
    """

    def __init__(
        self,
        parameters: Callable[[], ConnectionParameters],
        schema: str,
        *,
        renewed: Callable[[], ConnectionParameters] | None = None,
    ) -> None:
        self._parameters = parameters
        self._renewed = renewed
        self.schema = schema
        self._connection: Connection | None = None
        self._address = "the database"

    @property
    def parameters(self) -> ConnectionParameters:
        """Where a connection opened now would go; for programs that open their own."""
        return self._parameters()

    @contextmanager
    def transaction(self, *, lock_timeout: float | None = None) -> Iterator[Connection]:
        """READ COMMITTED; committed at the end, rolled back on any error. `lock_timeout` in seconds.

        Raises DatabaseUnavailableError, SchemaError and, for a duplicate key, ClaimLostError; other errors of
        psycopg pass through.
        """
        connection: Connection | None = None
        try:
            connection = self._begin(lock_timeout)
            yield connection
            connection.commit()
        except psycopg.Error as error:
            self._end(connection)
            failure = self._translated(error)
            if isinstance(failure, DatabaseUnavailableError) and not _is_well(error):
                self.close()
            raise failure from error
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
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _begin(self, lock_timeout: float | None) -> Connection:
        parameters = {
            "search_path": f"{self.schema}, pg_temp",
            "lock_timeout": "0" if lock_timeout is None else f"{max(1, round(lock_timeout * 1000))}ms",
        }
        if self._connection is not None:
            try:
                self._connection.execute(_BEGIN, parameters)
            except psycopg.OperationalError:
                # Idle since the last invocation, and closed by the server or a proxy meanwhile: replace it.
                self.close()
            else:
                return self._connection
        self._connection = self._connect()
        self._connection.execute(_BEGIN, parameters)
        return self._connection

    def _connect(self) -> Connection:
        parameters = self._parameters()
        try:
            return self._connect_with(parameters)
        except psycopg.OperationalError:
            renewed = self._renewed() if self._renewed else parameters
            if renewed == parameters:
                raise
        return self._connect_with(renewed)

    def _connect_with(self, parameters: ConnectionParameters) -> Connection:
        self._address = parameters.address
        connection = psycopg.connect(
            host=parameters.host,
            port=parameters.port,
            dbname=parameters.dbname,
            user=parameters.user,
            password=parameters.password,
            sslmode=parameters.sslmode,
            sslrootcert=parameters.sslrootcert,
            connect_timeout=parameters.connect_timeout,
            application_name="ingestor",
            # A peer that vanished without a word is noticed within 30 + 3 x 10 seconds.
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
            # Server-side prepared statements belong to a session, which a pooler does not keep.
            prepare_threshold=None,
        )
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        return connection

    def _end(self, connection: Connection | None) -> bool:
        """Roll back; a connection that can't even do that is dropped, and the answer is False."""
        try:
            if connection is not None:
                connection.rollback()
                return True
        except psycopg.Error:
            pass
        self.close()
        return False

    def _translated(self, error: psycopg.Error) -> Exception:
        state = error.sqlstate or ""
        said = f"{self._address}: {_in_one_line(error)}"
        if state == _UNIQUE_VIOLATION:
            return ClaimLostError(f"{said}: the row is there already")
        if state == _NO_PRIVILEGE:
            return SchemaError(
                f"{said}: grant this user the role ingestor_ingest, or run `ingestor migrate` as owner"
            )
        if state.startswith(_WRONG_SCHEMA):
            return SchemaError(f"{said}: is the schema up to date? Run `ingestor migrate`")
        if state == _LOCK_NOT_AVAILABLE:
            return LockTimeoutError(said)
        if state.startswith(_UNAVAILABLE) or isinstance(error, psycopg.InterfaceError):
            return DatabaseUnavailableError(said)
        # Without a SQLSTATE, an OperationalError is libpq's own: no connection, or a broken one. Class 28 is a
        # refused login (a password just rotated), 3D a database that is not there yet.
        if isinstance(error, psycopg.OperationalError) and (state == "" or state[:2] in {"28", "3D"}):
            return DatabaseUnavailableError(said)
        # ... and an InternalError of psycopg's own: the answers made no sense, as when a pooler gives two at the end.
        if isinstance(error, errors.InternalError_) or (
            isinstance(error, psycopg.InternalError) and state == ""
        ):
            return DatabaseUnavailableError(said)
        return error


def _root_certificates(named: str | None) -> str | None:
    return str(files("ingestor") / "certificates" / "aws.pem") if named == AWS_AUTHORITIES else named


def _is_well(error: psycopg.Error) -> bool:
    return (error.sqlstate or "").startswith(_CONNECTION_IS_WELL)


def _in_one_line(error: psycopg.Error) -> str:
    """The server's own sentence, without the row's values; libpq names each address it tried on a line of its own."""
    said = error.diag.message_primary or "; ".join(line.strip() for line in str(error).splitlines())
    return said or type(error).__name__
