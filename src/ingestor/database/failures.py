"""What PostgreSQL, libpq and psycopg complain of, as the service's own errors: each has its place in the tree.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import re

import psycopg

from ingestor.errors import (
    DatabaseUnavailableError,
    DuplicateRowError,
    IngestorError,
    LockTimeoutError,
    LoginRefusedError,
    SchemaError,
    TransactionFailedError,
    TransactionInterruptedError,
    TransactionTimeoutError,
)

# By SQLSTATE, else by its class; what is in neither is this transaction's failure, and nobody else's.
_BY_STATE: dict[str, type[IngestorError]] = {
    "23505": DuplicateRowError,
    "25006": DatabaseUnavailableError,  # read-only: the old primary after a failover
    "25P03": TransactionInterruptedError,  # idle in transaction for too long: this process was frozen
    "25P04": TransactionTimeoutError,  # transaction_timeout
    "40003": DatabaseUnavailableError,  # whether it is done is unknown
    "55P03": LockTimeoutError,
    "57014": TransactionTimeoutError,  # statement_timeout, or somebody's pg_cancel_backend
}
_BY_CLASS: dict[str, type[IngestorError]] = {
    "08": DatabaseUnavailableError,  # connection
    "28": LoginRefusedError,  # a password just rotated
    "3D": LoginRefusedError,  # no such database, yet
    "3F": SchemaError,
    "40": TransactionInterruptedError,  # deadlock, serialisation
    "42": SchemaError,
    "53": DatabaseUnavailableError,  # disk full, out of memory, too many connections
    "57": DatabaseUnavailableError,  # shutting down, starting up, session ended
    "58": DatabaseUnavailableError,  # the operating system's: an I/O error
    "F0": DatabaseUnavailableError,  # its configuration
}
_REFUSALS = re.compile(
    r"authentication failed|no pg_hba\.conf entry|no password supplied|FATAL: .* does not exist"
)
"""Of a login: libpq gives no SQLSTATE while it connects. In another language than English they count as an outage."""
_CHECK_VIOLATION = "23514"
_NO_PRIVILEGE = "42501"
_DISK_FULL = "53100"

_OUR_OWN_FAULT = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.NotSupportedError,
    psycopg.ProgrammingError,
)
"""Raised by psycopg before anything is sent. Any other error without a SQLSTATE is a connection that broke, or answers
that made no sense, as when a pooler gives two at the end."""


def translated(error: psycopg.Error, address: str) -> IngestorError:
    """It names whom we asked, and neither the row's values nor the password."""
    kind = _kind(error)
    said = f"{address}: {_in_one_line(error)}"
    if error.sqlstate == _NO_PRIVILEGE:
        said += (
            ": grant this user the role ingestor_reader to read, ingestor_ingest to load; only the owner of the tables "
            "may run `ingestor migrate`"
        )
    elif error.sqlstate == _DISK_FULL:
        said += ": make room on the database's disk"
    elif kind is SchemaError:
        said += ": is the schema up to date? Run `ingestor migrate`"
    elif kind is DuplicateRowError:
        said += f": the row is there already{_id_of_log(error)}"
    return kind(said)


def spoils_connection(error: psycopg.Error) -> bool:
    """A new connection may reach a better server: a primary that a failover made read-only still answers who stays."""
    return issubclass(_kind(error), DatabaseUnavailableError) or (error.sqlstate or "").startswith("XX")


def _kind(error: psycopg.Error) -> type[IngestorError]:
    state = error.sqlstate
    if not state:
        if isinstance(error, _OUR_OWN_FAULT):
            return TransactionFailedError
        return LoginRefusedError if _REFUSALS.search(str(error)) else DatabaseUnavailableError
    if state == _CHECK_VIOLATION and error.diag.constraint_name is None:
        # A partition's own bounds: its month was moved out of the default one while a COPY waited for that.
        return TransactionInterruptedError
    return _BY_STATE.get(state) or _BY_CLASS.get(state[:2]) or TransactionFailedError


def _in_one_line(error: psycopg.Error) -> str:
    """The server's own sentence, without the row's values; libpq names each address it tried on a line of its own."""
    said = error.diag.message_primary or "; ".join(line.strip() for line in str(error).splitlines())
    return said or type(error).__name__


def _id_of_log(error: psycopg.Error) -> str:
    """An id and its time are ours, and nobody's secret."""
    is_log = (error.diag.table_name or "").startswith("logs_")
    return f" ({error.diag.message_detail})" if is_log and error.diag.message_detail else ""
