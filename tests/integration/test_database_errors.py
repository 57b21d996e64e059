"""What PostgreSQL and libpq complain of, as the service's own errors; the password is in none."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from ingestor.database import ConnectionParameters, Database
from ingestor.errors import (
    DatabaseUnavailableError,
    DuplicateRowError,
    IngestorError,
    LockTimeoutError,
    SchemaError,
    TransactionFailedError,
    TransactionInterruptedError,
    TransactionTimeoutError,
    TransientError,
)

PASSWORD = "swordfish-never-shown"
RAISE = "DO $$ BEGIN RAISE EXCEPTION 'so it is said' USING ERRCODE = '{}'; END $$"


@pytest.fixture
def unused_port() -> Iterator[int]:
    """Bound, so nobody else takes it, and not listening, so connections are refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def raise_state(database: Database, state: str) -> None:
    with database.transaction() as connection:
        connection.execute(RAISE.format(state).encode())


@pytest.mark.parametrize(
    "state",
    [
        pytest.param("08006", id="connection failure"),
        pytest.param("25006", id="read-only, as after a failover"),
        pytest.param("28P01", id="refused password"),
        pytest.param("40003", id="completion unknown"),
        pytest.param("53100", id="disk full"),
        pytest.param("53300", id="too many connections"),
        pytest.param("57P01", id="shutting down"),
        pytest.param("57P03", id="starting up"),
        pytest.param("58030", id="I/O error"),
        pytest.param("F0000", id="wrong configuration file"),
    ],
)
def test_what_is_no_files_fault_is_an_unavailable_database(database: Database, state: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match="so it is said"):
        raise_state(database, state)


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        pytest.param("42P01", "Run `ingestor migrate`", id="no such table"),
        pytest.param("42P01", "ingestor_reader to read", id="a table in a schema that may not be used"),
        pytest.param("42703", "Run `ingestor migrate`", id="no such column"),
        pytest.param("3F000", "Run `ingestor migrate`", id="no such schema"),
        pytest.param(
            "42501",
            "grant this user the role ingestor_reader to read, ingestor_ingest to load",
            id="no privilege",
        ),
    ],
)
def test_a_missing_migration_or_grant_is_a_schema_error_that_says_what_to_do(
    database: Database, state: str, advice: str
) -> None:
    with pytest.raises(SchemaError, match="so it is said") as raised:
        raise_state(database, state)
    assert advice in str(raised.value)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        pytest.param("23505", DuplicateRowError, id="duplicate key"),
        pytest.param("23514", TransactionInterruptedError, id="a month moved"),
        pytest.param("25P03", TransactionInterruptedError, id="paused for too long"),
        pytest.param("25P04", TransactionTimeoutError, id="transaction took too long"),
        pytest.param("40001", TransactionInterruptedError, id="serialisation failure"),
        pytest.param("40P01", TransactionInterruptedError, id="deadlock"),
        pytest.param("55P03", LockTimeoutError, id="lock not available"),
        pytest.param("57014", TransactionTimeoutError, id="cancelled"),
        pytest.param("22021", TransactionFailedError, id="an entry's fault, outside of a COPY"),
        pytest.param("P0001", TransactionFailedError, id="somebody's trigger"),
        pytest.param("XX000", TransactionFailedError, id="internal error"),
        pytest.param("ZZ123", TransactionFailedError, id="unknown to anybody"),
    ],
)
def test_what_others_need_not_meet_is_this_transactions_failure(
    database: Database, state: str, kind: type[TransactionFailedError]
) -> None:
    with pytest.raises(TransactionFailedError, match="so it is said") as raised:
        raise_state(database, state)
    assert type(raised.value) is kind


def every_state() -> list[str]:
    classes = (each for each in vars(psycopg.errors).values() if isinstance(each, type))
    return sorted({each.sqlstate for each in classes if issubclass(each, psycopg.Error) and each.sqlstate})


def test_no_state_of_postgresql_is_outside_of_the_tree(database: Database) -> None:
    states = every_state()
    assert len(states) > 200
    for state in states:
        with pytest.raises(IngestorError, match="so it is said"):
            raise_state(database, state)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"),
        psycopg.ProgrammingError("the query has 2 placeholders"),
        psycopg.InternalError("2 results"),
        psycopg.DatabaseError("said by nobody"),
    ],
)
def test_no_complaint_of_psycopg_itself_is_outside_of_the_tree(
    database: Database, error: psycopg.Error
) -> None:
    with pytest.raises(TransientError), database.transaction():
        raise error


def test_a_check_that_somebody_added_is_no_moved_month(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute("CREATE TABLE small_numbers (number int CONSTRAINT is_small CHECK (number < 10))")
    with (
        pytest.raises(TransactionFailedError, match="is_small") as raised,
        database.transaction() as connection,
    ):
        connection.execute("INSERT INTO small_numbers VALUES (11)")
    assert not isinstance(raised.value, TransactionInterruptedError)


def test_a_duplicate_key_is_named_and_its_values_are_not(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute("CREATE TABLE unique_words (word text UNIQUE)")
    with (
        pytest.raises(DuplicateRowError, match="unique_words_word_key") as raised,
        database.transaction() as connection,
    ):
        connection.execute("INSERT INTO unique_words VALUES ('a reader''s secret'), ('a reader''s secret')")
    assert "secret" not in str(raised.value)


def test_a_translated_error_says_whom_it_asked_and_keeps_its_cause(
    database: Database, database_parameters: ConnectionParameters
) -> None:
    with pytest.raises(DatabaseUnavailableError) as raised:
        raise_state(database, "53300")
    assert str(raised.value).startswith(f"{database_parameters.address}: ")
    assert isinstance(raised.value.__cause__, psycopg.errors.TooManyConnections)


def test_without_a_server_the_error_names_host_and_port_and_not_the_password(unused_port: int) -> None:
    nowhere = ConnectionParameters("127.0.0.1", unused_port, "logs", "ingestor", PASSWORD)
    with pytest.raises(DatabaseUnavailableError) as raised, Database(lambda: nowhere, "public").transaction():
        pass
    assert f"ingestor@127.0.0.1:{unused_port}/logs" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert PASSWORD not in f"{raised.value} {raised.value.__cause__} {nowhere!r}"


def test_a_refused_password_is_said_and_not_shown(database_parameters: ConnectionParameters) -> None:
    refused = Database(lambda: replace(database_parameters, password=PASSWORD), "public")
    with (
        pytest.raises(DatabaseUnavailableError, match="password authentication failed") as raised,
        refused.transaction(),
    ):
        pass
    assert PASSWORD not in f"{raised.value} {raised.value.__cause__}"


def test_a_database_that_is_not_there_yet_is_an_unavailable_one(
    database_parameters: ConnectionParameters,
) -> None:
    missing = Database(lambda: replace(database_parameters, dbname="nowhere"), "public")
    with pytest.raises(DatabaseUnavailableError, match='"nowhere" does not exist'), missing.transaction():
        pass
