"""Code that meets a schema newer than its own touches nothing, and says so."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.support.connections import Connect
from tests.support.ledger_steps import FILE
from tests.support.recorded import Held

from ingestor import bootstrap
from ingestor.api import process_local_file
from ingestor.database import ConnectionParameters, Database, code_version, migrate, schema_version
from ingestor.database.migrate import bundled_migrations
from ingestor.errors import SchemaError
from ingestor.ingest import ingest
from ingestor.settings import Settings

NEWER = "INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, '9999_later.sql', 'x')"


@pytest.fixture
def newer(connect: Connect) -> psycopg.Connection[tuple[Any, ...]]:
    """A schema that later code has migrated."""
    connection = connect()
    connection.autocommit = True
    connection.execute(NEWER)
    return connection


def test_the_schema_is_at_the_newest_migration_this_code_knows(database: Database) -> None:
    with database.transaction() as connection:
        assert schema_version(connection) == code_version() == bundled_migrations()[-1].version


def test_a_worker_touches_nothing_and_says_what_to_do(
    newer: psycopg.Connection[tuple[Any, ...]], database: Database
) -> None:
    for _ in range(2):
        with pytest.raises(
            SchemaError, match=rf"at migration 9999, .* knows {code_version():04}: nothing was touched"
        ):
            ingest(FILE, bootstrap.worker(database, Held(b'{"time":1}'), Settings()))
    assert newer.execute("SELECT count(*) FROM processed_files").fetchall() == [(0,)]


def test_neither_a_local_file_nor_a_migration_touches_it(
    newer: psycopg.Connection[tuple[Any, ...]], new_database: Callable[[], Database], tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"time":1}')
    with pytest.raises(SchemaError, match="upgrade ingestor"):
        process_local_file(path, database=new_database())
    with pytest.raises(SchemaError, match="upgrade ingestor"):
        migrate(new_database())
    assert newer.execute("SELECT count(*) FROM processed_files").fetchall() == [(0,)]


def test_it_is_asked_once_for_each_connection(database: Database, connect: Connect) -> None:
    with database.transaction():
        pass
    other = connect()
    other.execute(NEWER)
    other.commit()
    with database.transaction() as connection:
        connection.execute("SELECT 1")
    database.close()
    with pytest.raises(SchemaError), database.transaction():
        pass


def test_a_schema_without_tables_is_no_newer_one(database_parameters: ConnectionParameters) -> None:
    database = Database(lambda: database_parameters, "nothing_here")
    with database.transaction() as connection:
        assert schema_version(connection) is None
    database.close()


def test_who_may_not_read_the_version_is_left_to_the_other_privileges(
    connect: Connect, database_parameters: ConnectionParameters
) -> None:
    owner = connect()
    owner.execute("CREATE ROLE version_stranger LOGIN PASSWORD 'p'")
    owner.commit()
    database = Database(lambda: replace(database_parameters, user="version_stranger", password="p"), "public")
    try:
        with database.transaction() as connection:
            assert schema_version(connection) is None
    finally:
        database.close()
        owner.execute("DROP ROLE version_stranger")
        owner.commit()
