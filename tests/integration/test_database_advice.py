"""What a person does about a complaint of PostgreSQL is said with it: the setting, the role, the grant."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, LiteralString

import pytest
from psycopg import sql
from tests.support.connections import Connect

from ingestor.database import ConnectionParameters, Database, run_query
from ingestor.errors import DatabaseUnavailableError, LoginRefusedError, QueryError, SchemaError

PASSWORD = "swordfish-never-shown"

WRONG_SETTINGS = [
    ({"host": "nowhere.invalid"}, "check DB_HOST"),
    ({"port": 1}, "check DB_HOST and DB_PORT, and whether the server runs and may be reached from here"),
    ({"password": PASSWORD}, "check DB_USERNAME and DB_PASSWORD, or the secret that DB_SECRET_ARN names"),
    ({"user": "nobody_of_ours"}, "check DB_USERNAME and DB_PASSWORD, or the secret that DB_SECRET_ARN names"),
    ({"dbname": "nowhere"}, "check DB_NAME"),
    ({"sslmode": "require"}, "check DB_SSLMODE"),
]


@pytest.mark.parametrize(("wrong", "advice"), WRONG_SETTINGS, ids=lambda each: str(each)[:30])
def test_a_failed_connection_names_the_setting_to_look_at(
    database_parameters: ConnectionParameters, wrong: dict[str, Any], advice: str
) -> None:
    named = Database(lambda: replace(database_parameters, **wrong, is_embedded=False), "public")
    with pytest.raises(DatabaseUnavailableError) as raised, named.transaction():
        pass
    assert str(raised.value).endswith(f": {advice}")
    assert "connection failed: connection" not in str(raised.value)
    assert "?" not in str(raised.value)
    embedded = Database(lambda: replace(database_parameters, **wrong, is_embedded=True), "public")
    with pytest.raises(DatabaseUnavailableError) as raised, embedded.transaction():
        pass
    assert "DB_" not in str(raised.value)


NO_RIGHT = [
    ("REVOKE USAGE ON SCHEMA public FROM PUBLIC", "SELECT count(*) FROM processed_files"),
    ("SELECT", "SELECT count(*) FROM processed_files"),
    ("CREATE SEQUENCE public.theirs", "SELECT nextval('theirs')"),
    ("SELECT", "CREATE TABLE public.mine (id int)"),
]


@pytest.mark.parametrize(("before", "query"), NO_RIGHT, ids=["schema", "table", "sequence", "create"])
def test_a_user_without_a_right_is_told_the_roles_whatever_the_right_is(
    connect: Connect,
    database_as: Callable[[str | None], Database],
    before: LiteralString,
    query: LiteralString,
) -> None:
    with connect() as administrator:
        administrator.execute(before)
    said = pytest.raises(SchemaError, match="ingestor_reader to read, ingestor_ingest to load")
    with said, database_as(None).transaction() as connection:
        connection.execute(query)


def test_a_user_without_a_right_is_told_the_roles_for_a_query_of_its_own(
    database_as: Callable[[str | None], Database],
) -> None:
    with pytest.raises(QueryError, match=r"permission denied.*ingestor_reader to read"):
        run_query(database_as(None), "SELECT count(*) FROM logs")


def test_a_user_who_may_not_connect_is_told_the_grant(
    connect: Connect, database_as: Callable[[str | None], Database]
) -> None:
    with connect() as administrator:
        name = sql.Identifier(administrator.info.dbname)
        administrator.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))
    said = pytest.raises(
        LoginRefusedError, match=r"permission denied for database .*: grant this user CONNECT on it"
    )
    with said, database_as(None).transaction():
        pass


def test_a_user_whose_transactions_are_read_only_is_told_so(
    connect: Connect, database_as: Callable[[str | None], Database]
) -> None:
    reader = database_as("ingestor_ingest")
    with connect() as administrator:
        name = sql.Identifier(reader.parameters.user)
        administrator.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(name))
    with (
        pytest.raises(DatabaseUnavailableError, match="this user may only read, or the server is a standby"),
        reader.transaction() as connection,
    ):
        connection.execute("DELETE FROM logs")
