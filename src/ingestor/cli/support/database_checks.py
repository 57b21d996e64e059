"""What `ingestor check` asks the database."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from ingestor.cli.support.check_result import CheckResult, failed, not_set, passed
from ingestor.cli.support.database_choice import (
    embedded_folder,
    has_embedded_database,
    named_database,
    unchanged_embedded_database,
)
from ingestor.database import Database, DatabaseCondition, code_version, read_condition
from ingestor.errors import IngestorError, SchemaError
from ingestor.settings import Settings, SslMode

_VERIFIES = {SslMode.VERIFY_CA, SslMode.VERIFY_FULL}


def database_checks(settings: Settings) -> Iterator[CheckResult]:
    """The checks in order. One that depends on a failed one is left out, because it would only repeat it."""
    if not settings.names_a_database:
        yield from _embedded_checks(settings)
        return
    condition = _condition(named_database, settings)
    if isinstance(condition, CheckResult):
        yield condition
        return
    yield _answers(condition)
    yield _tls(condition, settings)
    schema = _schema(condition, settings.db_schema)
    yield schema
    if schema.is_ok:
        yield _rights(condition)


def _embedded_checks(settings: Settings) -> Iterator[CheckResult]:
    """TLS and rights are left out: the server listens on this machine alone, and we are its superuser."""
    try:
        is_there = has_embedded_database()
    except IngestorError as error:
        yield failed("database", error)
        return
    if not is_there:
        yield not_set("database", "DB_*")
        return
    condition = _condition(unchanged_embedded_database, settings)
    if isinstance(condition, CheckResult):
        yield condition
        return
    yield passed(
        "database",
        f"PostgreSQL {condition.server_version}, embedded in {embedded_folder()}, because no DB_* variable is set",
    )
    if condition.version is None:
        yield passed("schema", "there are no tables yet; the next command makes them")
        return
    later = ", which the next command updates" if condition.version < code_version() else ""
    yield passed("schema", f"{settings.db_schema}, at migration {condition.version:04}{later}")


def _condition(
    opened: Callable[[Settings], AbstractContextManager[Database]], settings: Settings
) -> DatabaseCondition | CheckResult:
    """The failed check, where there is no condition to be read."""
    try:
        with opened(settings) as database, database.transaction() as connection:
            return read_condition(connection, settings.db_schema)
    except SchemaError as error:
        return failed("schema", error)
    except IngestorError as error:
        return failed("database", error)


def _answers(condition: DatabaseCondition) -> CheckResult:
    if condition.is_read_only:
        return failed(
            "database", "it takes no writes, as a standby does: DB_HOST must be the primary's address"
        )
    return passed("database", f"PostgreSQL {condition.server_version}, as {condition.user}")


def _tls(condition: DatabaseCondition, settings: Settings) -> CheckResult:
    mode = f"DB_SSLMODE={settings.db_sslmode}"
    if condition.is_encrypted:
        verified = settings.db_sslmode in _VERIFIES
        return passed("tls", "used" if verified else f"used, the server is not verified with {mode}")
    if condition.is_on_this_machine:
        return passed("tls", "not used, the database is on this machine")
    if settings.db_sslmode is SslMode.DISABLE:
        return passed("tls", f"not used, as {mode} says")
    return failed(
        "tls",
        f"logs cross the network unencrypted with {mode}: set DB_SSLMODE=verify-full and DB_SSLROOTCERT, or "
        "DB_SSLMODE=disable where that is meant",
    )


def _schema(condition: DatabaseCondition, schema: str) -> CheckResult:
    known = code_version()
    if condition.has_schema and not condition.may_use_schema:
        return failed(
            "schema",
            f"user {condition.user} may not use schema {schema}: {_grant(condition)}",
        )
    if not condition.has_tables:
        return failed(
            "schema", f"there are no tables in schema {schema}: run `ingestor migrate`, or set DB_SCHEMA"
        )
    if condition.version is None:
        return failed(
            "schema",
            f"user {condition.user} may not look: {_grant(condition)}",
        )
    if condition.version < known:
        return failed(
            "schema",
            f"it is at migration {condition.version:04}, and this version of ingestor needs {known:04}: run "
            "`ingestor migrate`",
        )
    return passed("schema", f"{schema}, at migration {condition.version:04}")


def _rights(condition: DatabaseCondition) -> CheckResult:
    if not condition.missing_rights:
        return passed("rights")
    missing = "; ".join(f"{each.privileges} on {each.relation}" for each in condition.missing_rights)
    return failed(
        "rights",
        f"user {condition.user} may not load files: {_grant(condition)} (missing: {missing})",
    )


def _grant(condition: DatabaseCondition) -> str:
    user = condition.user.replace('"', '""')
    return f'`GRANT ingestor_ingest TO "{user}"`'
