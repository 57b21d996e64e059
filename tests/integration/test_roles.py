"""Who may do what: the service's user loads, people read, and neither changes what the owner built."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import LiteralString

import pytest
from psycopg import sql
from tests.integration.conftest import PASSWORD, Login
from tests.support.connections import Connect
from tests.support.ledger_steps import FILE, all_due, claimed

from ingestor import ledger
from ingestor.api import process_local_file
from ingestor.database import Database, migrate
from ingestor.database.embedded import EmbeddedPostgres
from ingestor.errors import LockTimeoutError, SchemaError
from ingestor.ingest import Loaded
from ingestor.sinks.postgres import unload

RELATIONS: LiteralString = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition
"""
INGEST, READER = "ingestor_ingest", "ingestor_reader"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.json"
    path.write_text('{"time":1795432855268,"msg":"hello"}\n[]\n{"time":1795432855268,"msg":"\\u0000"}\n')
    return path


def load(database: Database, path: Path) -> Loaded:
    outcome = process_local_file(path, database=database).outcome
    assert isinstance(outcome, Loaded), outcome
    return outcome


def test_the_services_user_loads_a_file_and_takes_it_out_again(
    database_as: Callable[[str | None], Database], path: Path
) -> None:
    service = database_as(INGEST)
    load(service, path)
    with service.transaction() as connection:
        ((file_id,),) = connection.execute("SELECT id FROM files WHERE status = 'COMPLETED'").fetchall()
        assert unload(connection, file_id) == 2


def test_the_services_user_may_do_all_that_a_tick_of_the_sweeper_does(
    database_as: Callable[[str | None], Database],
) -> None:
    with database_as(INGEST).transaction() as connection:
        ledger.evict_expired_workers(connection)
        ledger.schema_created_at(connection)
        ledger.begin_listing(connection, "logs", "", ledger.Purpose.RECENT, newer_than=None)
        assert ledger.read_listing(connection, "logs", "", ledger.Purpose.RECENT)
        connection.execute("SELECT FROM freshness")


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE logs",
        "TRUNCATE logs",
        "UPDATE logs SET message = 'other'",
        "DELETE FROM processed_files",
        "DELETE FROM file_events",
        "UPDATE file_events SET event = 'completed'",
        "UPDATE schema_migrations SET checksum = 'other'",
        "ALTER TABLE logs ADD COLUMN more int",
        "CREATE TABLE public.mine ()",
    ],
)
def test_the_services_user_changes_neither_tables_nor_history(
    database_as: Callable[[str | None], Database], statement: LiteralString
) -> None:
    with pytest.raises(SchemaError), database_as(INGEST).transaction() as connection:
        connection.execute(statement)


def test_the_services_user_ends_no_backend_of_another_user_and_does_not_fail_for_it(
    database: Database, database_as: Callable[[str | None], Database]
) -> None:
    stopped = claimed(database)
    all_due(database)
    with database.transaction() as holding:
        ledger.lock_file(holding, stopped)
        with database_as(INGEST).transaction() as connection:
            ledger.evict_expired_worker(connection, FILE)
            assert ledger.evict_expired_workers(connection) == 0
        successor = claimed(database_as(INGEST))
        patient = database_as(INGEST).transaction(lock_timeout=0.1)
        with pytest.raises(LockTimeoutError), patient as connection:
            ledger.lock_file(connection, successor)


def test_a_reader_reads_every_table_and_view(
    database: Database, database_as: Callable[[str | None], Database], path: Path
) -> None:
    load(database, path)
    with database_as(READER).transaction() as connection:
        for (name,) in connection.execute(RELATIONS).fetchall():
            connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name)))
        assert connection.execute("SELECT count(*) FROM logs").fetchall() == [(2,)]


@pytest.mark.parametrize("verb", ["INSERT", "UPDATE", "DELETE", "TRUNCATE"])
def test_a_reader_writes_nowhere(database_as: Callable[[str | None], Database], verb: str) -> None:
    may: LiteralString = "SELECT relname FROM ({}) AS ours WHERE has_table_privilege(relname::text, %s)"
    with database_as(READER).transaction() as connection:
        assert connection.execute(sql.SQL(may).format(sql.SQL(RELATIONS)), (verb,)).fetchall() == []


def test_a_user_without_a_role_is_told_which_one_is_missing(
    database_as: Callable[[str | None], Database], path: Path
) -> None:
    stranger = database_as(None)
    with pytest.raises(SchemaError, match="ingestor_ingest to load"):
        process_local_file(path, database=stranger)


def test_an_owner_who_is_no_superuser_migrates_and_others_use_what_was_built(
    connect: Connect, log_in: Login, path: Path
) -> None:
    owner, service, reader = log_in(None), log_in(INGEST), log_in(READER)
    grant = sql.SQL("GRANT CREATE ON DATABASE {} TO {}")
    names = sql.Identifier(owner.dbname), sql.Identifier(owner.user)
    with connect() as administrator:
        administrator.execute(grant.format(*names))
    with closing(Database(lambda: owner, "owned")) as database:
        migrate(database)
        assert migrate(database).partitions_created == 0
    with closing(Database(lambda: service, "owned")) as database:
        load(database, path)
    with closing(Database(lambda: reader, "owned")) as database, database.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM logs").fetchall() == [(2,)]


def test_an_owner_who_may_not_create_roles_does_all_the_work(
    reachable_folder: Path, postgres_binaries: Path | None, path: Path
) -> None:
    server = EmbeddedPostgres(
        reachable_folder / "without-roles", options=("fsync=off",), binaries=postgres_binaries
    )
    try:
        superuser = server.start()
        owner = replace(superuser, user="owner", password=PASSWORD)
        with closing(Database(lambda: superuser, "public")) as database, database.transaction() as connection:
            connection.execute(sql.SQL("CREATE ROLE owner LOGIN PASSWORD {}").format(sql.Literal(PASSWORD)))
            connection.execute("GRANT CREATE ON DATABASE postgres TO owner")
        with closing(Database(lambda: owner, "owned")) as database:
            migrate(database)
            load(database, path)
            with database.transaction() as connection:
                assert (
                    connection.execute("SELECT FROM pg_roles WHERE rolname ~ '^ingestor_'").fetchall() == []
                )
    finally:
        server.stop()
