"""One connection that is replaced when it is dead, and leaves nothing behind in its session."""

from contextlib import closing
from dataclasses import replace
from typing import LiteralString

import pytest
from psycopg import sql
from tests.support.connections import Connect

from ingestor.database import Connection, ConnectionParameters, Database
from ingestor.errors import DatabaseUnavailableError

PASSWORD = "swordfish-never-shown"
UNUSUAL = {
    "search_path": "pg_catalog",
    "TimeZone": "Asia/Tokyo",
    "lock_timeout": "7s",
    "statement_timeout": "8s",
    "idle_in_transaction_session_timeout": "9s",
    "transaction_isolation": "serializable",
}
DEFAULT_OF = {"transaction_isolation": "default_transaction_isolation"}


@pytest.fixture
def unusual_defaults(connect: Connect) -> None:
    """What a session of the fresh database has where nobody sets anything."""
    owner = connect()
    for name, value in UNUSUAL.items():
        setting = sql.SQL("SET {} = {}").format(
            sql.Identifier(DEFAULT_OF.get(name, name)), sql.Literal(value)
        )
        database = sql.Identifier(owner.info.dbname)
        owner.execute(sql.SQL("ALTER DATABASE {} {}").format(database, setting))
    owner.commit()


def settings(connection: Connection) -> dict[str, object]:
    return {name: scalar(connection, sql.SQL("SHOW {}").format(sql.Identifier(name))) for name in UNUSUAL}


def scalar(connection: Connection, query: LiteralString | sql.Composed) -> object:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def backend(connection: Connection) -> int:
    return connection.info.backend_pid


def end_backend(connection: Connection, pid: int) -> None:
    """Returns once it is gone, or after 30 seconds."""
    connection.execute("SELECT pg_terminate_backend(%s, 30000)", (pid,))


def test_a_rotated_password_is_asked_for_at_the_next_connection(
    database_parameters: ConnectionParameters,
) -> None:
    offered = iter([replace(database_parameters, password=PASSWORD), database_parameters])
    with closing(Database(lambda: next(offered), "public")) as database:
        with pytest.raises(DatabaseUnavailableError), database.transaction():
            pass
        with database.transaction() as connection:
            assert scalar(connection, "SELECT 1") == 1


def test_transactions_share_one_connection(database: Database) -> None:
    with database.transaction() as connection:
        first = backend(connection)
    with pytest.raises(ZeroDivisionError), database.transaction():
        raise ZeroDivisionError
    with database.transaction() as connection:
        assert backend(connection) == first


def test_a_connection_that_died_idle_is_replaced_unnoticed(database: Database, connect: Connect) -> None:
    with database.transaction() as connection:
        first = backend(connection)
    end_backend(connect(), first)
    with database.transaction() as connection:
        assert backend(connection) != first
        assert scalar(connection, "SELECT 1") == 1


def test_a_connection_that_dies_in_a_transaction_fails_it_and_is_replaced_at_the_next(
    database: Database, connect: Connect
) -> None:
    with database.transaction() as connection:
        first = backend(connection)
    with pytest.raises(DatabaseUnavailableError), database.transaction():
        end_backend(connect(), first)
    with database.transaction() as connection:
        assert backend(connection) != first


def test_an_error_of_any_kind_over_a_connection_that_died_is_an_unavailable_database(
    database: Database, connect: Connect
) -> None:
    def be_surprised() -> None:
        with database.transaction() as connection:
            end_backend(connect(), backend(connection))
            raise ValueError("too many values to unpack")

    with pytest.raises(DatabaseUnavailableError, match="too many values"):
        be_surprised()
    with database.transaction() as connection:
        assert scalar(connection, "SELECT 1") == 1


def test_a_closed_database_opens_again_when_needed(database: Database) -> None:
    with database.transaction():
        pass
    database.close()
    database.close()
    with database.transaction() as connection:
        assert scalar(connection, "SELECT 1") == 1


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_any_error_rolls_back(database: Database, connect: Connect, error: type[BaseException]) -> None:
    def create_then_fail() -> None:
        with database.transaction() as connection:
            connection.execute("CREATE TABLE half_done ()")
            raise error

    with pytest.raises(error):
        create_then_fail()
    assert scalar(connect(), "SELECT to_regclass('half_done')") is None


def test_the_end_of_a_transaction_is_its_commit(database: Database, connect: Connect) -> None:
    with database.transaction() as connection:
        connection.execute("CREATE TABLE done ()")
    assert scalar(connect(), "SELECT to_regclass('done')") == "done"


@pytest.mark.usefixtures("unusual_defaults")
def test_settings_end_with_their_transaction(database: Database) -> None:
    with database.transaction(lock_timeout=1.5) as connection:
        assert settings(connection) == {
            "search_path": "public, pg_temp",
            "TimeZone": "UTC",
            "lock_timeout": "1500ms",
            "statement_timeout": "30s",
            "idle_in_transaction_session_timeout": "5s",
            "transaction_isolation": "read committed",
        }
    connection.autocommit = True
    assert settings(connection) == UNUSUAL


@pytest.mark.usefixtures("unusual_defaults")
def test_settings_end_with_a_failed_transaction_too(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction(lock_timeout=1.5) as connection:
        raise ZeroDivisionError
    connection.autocommit = True
    assert settings(connection) == UNUSUAL


@pytest.mark.parametrize("schema", ["ingest", "_2", "user"])
def test_names_are_looked_for_in_the_given_schema_alone(
    database_parameters: ConnectionParameters, connect: Connect, schema: str
) -> None:
    owner = connect()
    owner.execute(sql.SQL("CREATE SCHEMA {0}; CREATE TABLE {0}.here ()").format(sql.Identifier(schema)))
    owner.commit()
    with (
        closing(Database(lambda: database_parameters, schema)) as database,
        database.transaction() as connection,
    ):
        assert scalar(connection, "SELECT current_schema()") == schema
        assert scalar(connection, "SELECT to_regclass('here') IS NOT NULL")
        assert scalar(connection, "SELECT to_regclass('processed_files')") is None
