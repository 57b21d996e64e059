"""Errors of PostgreSQL, libpq and psycopg become the service's own, each at its place in the tree.

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
    r"|permission denied for database|is not permitted to log in"
)
"""Of a login: libpq gives no SQLSTATE while it connects. In another language than English they count as an outage."""
_CHECK_VIOLATION = "23514"

_ROLES = "grant this user the role ingestor_reader to read, ingestor_ingest to load"
_ADVICE = {
    "25006": "this user may only read, or the server is a standby: DB_HOST must be the primary's address",
    "42501": f"{_ROLES}; only the owner of the tables may run `ingestor migrate`",
    # PostgreSQL shows no table of a schema that a user may not use.
    "42P01": f"is the schema up to date? Run `ingestor migrate`; if it is, {_ROLES}",
    "53100": "make room on the database's disk",
}
_MAY_NOT_CONNECT = "permission denied for database"

_LOGIN = "check DB_USERNAME and DB_PASSWORD, or the secret that DB_SECRET_ARN names"
_SETTINGS_TO_CHECK = (
    (r"failed to resolve host", "check DB_HOST"),
    (r"Connection refused|[Tt]imed? ?out|unreachable|No route to host",
     "check DB_HOST and DB_PORT, and whether the server runs and may be reached from here"),
    (r"(password|PAM|LDAP) authentication failed|no password supplied|role .* does not exist", _LOGIN),
    (r"no pg_hba\.conf entry",
     "its pg_hba.conf lets nobody in so: check DB_USERNAME, DB_NAME and DB_SSLMODE"),
    (r"database .* does not exist", "check DB_NAME"),
    (r"does not match host name", "check DB_HOST: it must be a name in the server's certificate"),
    (r"certificate", "check DB_SSLROOTCERT"),
    (r"does not support SSL", "check DB_SSLMODE"),
)  # fmt: skip
"""What libpq says while it connects, and which setting to look at; the first that fits."""

_OUR_OWN_FAULT = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.NotSupportedError,
    psycopg.ProgrammingError,
)
"""Raised by psycopg before anything is sent. Any other error without a SQLSTATE is a connection that broke, or answers
that made no sense, as when a pooler gives two at the end."""


def translated(error: psycopg.Error, address: str, *, has_settings: bool) -> IngestorError:
    """The service's error for `error`. It names the database, and neither the row's values nor the password.

    `has_settings`: DB_* variables name the database, so a failed connection names those to look at.
    """
    kind = _kind(error)
    said = f"{address}: {_in_one_line(error)}"
    advice = advice_for(error) or (_setting_to_check(error) if has_settings else None)
    if advice is None and kind is SchemaError:
        advice = "is the schema up to date? Run `ingestor migrate`"
    elif advice is None and kind is DuplicateRowError:
        advice = f"the row is there already{_id_of_log(error)}"
    return kind(f"{said}: {advice}" if advice else said)


def advice_for(error: psycopg.Error) -> str | None:
    """What a person does about it, where that is known."""
    if error.sqlstate is None and _MAY_NOT_CONNECT in str(error):
        return "grant this user CONNECT on it"
    return _ADVICE.get(error.sqlstate or "")


def _setting_to_check(error: psycopg.Error) -> str | None:
    """Only while connecting has an error of the server's no SQLSTATE."""
    if error.sqlstate is not None:
        return None
    return next((advice for said, advice in _SETTINGS_TO_CHECK if re.search(said, str(error))), None)


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
    """The server's own sentence, without the row's values; libpq names each address it tried on a line of its own.

    Its question whether the server runs is left out: the advice asks it.
    """
    lines = (line.strip() for line in str(error).removeprefix("connection failed: ").splitlines())
    said = error.diag.message_primary or "; ".join(
        line for line in lines if not line.startswith("Is the server running")
    )
    return said or type(error).__name__


def _id_of_log(error: psycopg.Error) -> str:
    """An id and its time are ours, and nobody's secret."""
    is_log = (error.diag.table_name or "").startswith("logs_")
    return f" ({error.diag.message_detail})" if is_log and error.diag.message_detail else ""
