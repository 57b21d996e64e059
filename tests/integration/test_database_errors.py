"""What PostgreSQL and libpq complain of, as the service's own errors; the password is in none."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from ingestor.database import ConnectionParameters, Database
from ingestor.errors import ClaimLostError, DatabaseUnavailableError, IngestorError, SchemaError

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
        pytest.param("40001", id="serialisation failure"),
        pytest.param("40P01", id="deadlock"),
        pytest.param("53100", id="disk full"),
        pytest.param("53300", id="too many connections"),
        pytest.param("55P03", id="lock not available"),
        pytest.param("57014", id="cancelled"),
        pytest.param("57P01", id="shutting down"),
        pytest.param("57P03", id="starting up"),
        pytest.param("XX000", id="internal error"),
    ],
)
def test_what_is_no_files_fault_is_an_unavailable_database(database: Database, state: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match="so it is said"):
        raise_state(database, state)


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        pytest.param("42P01", "Run `ingestor migrate`", id="no such table"),
        pytest.param("42703", "Run `ingestor migrate`", id="no such column"),
        pytest.param("3F000", "Run `ingestor migrate`", id="no such schema"),
        pytest.param("42501", "grant this user the role ingestor_ingest", id="no privilege"),
    ],
)
def test_a_missing_migration_or_grant_is_a_schema_error_that_says_what_to_do(
    database: Database, state: str, advice: str
) -> None:
    with pytest.raises(SchemaError, match="so it is said") as raised:
        raise_state(database, state)
    assert advice in str(raised.value)


def test_a_duplicate_key_is_a_lost_claim_and_shows_no_row(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute("CREATE TABLE unique_words (word text UNIQUE)")
    with (
        pytest.raises(ClaimLostError, match="unique_words_word_key") as raised,
        database.transaction() as connection,
    ):
        connection.execute("INSERT INTO unique_words VALUES ('a reader''s secret'), ('a reader''s secret')")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("state", ["22021", "22P02", "23514", "54000"])
def test_what_an_entry_or_a_bug_causes_passes_through_as_it_is(database: Database, state: str) -> None:
    with pytest.raises(psycopg.Error) as raised:
        raise_state(database, state)
    assert raised.value.sqlstate == state
    assert not isinstance(raised.value, IngestorError)


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
