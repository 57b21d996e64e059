"""A schema is brought up to date as a whole or not at all, once, whoever asks for it and how often."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from tests.support.connections import Connect

from ingestor.api import process_local_file
from ingestor.database import ConnectionParameters, Database, MigrationReport, migrate
from ingestor.database.migrate import Migration, bundled_migrations
from ingestor.errors import DatabaseUnavailableError, SchemaError, TransactionFailedError
from ingestor.ingest import Loaded

BUNDLED = bundled_migrations()
RELATIONS = "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s) ORDER BY relname"


@pytest.fixture
def in_schema(database_parameters: ConnectionParameters) -> Iterator[Callable[[str], Database]]:
    """The fresh database has migrated tables in `public`; another schema begins with nothing."""
    made: list[Database] = []

    def make(schema: str) -> Database:
        made.append(Database(lambda: database_parameters, schema))
        return made[-1]

    yield make
    for each in made:
        each.close()


def relations(connect: Connect, schema: str) -> list[str]:
    return [name for (name,) in connect().execute(RELATIONS, (schema,)).fetchall()]


def newly_applied(report: MigrationReport) -> list[int]:
    return [each.version for each in report.migrations if each.is_new]


def test_the_files_are_numbered_each_once() -> None:
    """A number is taken when work on it begins, so that some may be missing."""
    versions = [each.version for each in BUNDLED]
    assert versions == sorted(set(versions))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", each.name) for each in BUNDLED)


def test_from_nothing_to_a_file_loaded(
    in_schema: Callable[[str], Database], connect: Connect, tmp_path: Path
) -> None:
    path = tmp_path / "app.json"
    path.write_text('{"time":1795432855268,"msg":"hello"}\n')
    database = in_schema("fresh")
    report = migrate(database)
    assert [(each.version, each.name, each.is_new) for each in report.migrations] == [
        (each.version, each.name, True) for each in BUNDLED
    ]
    assert report.partitions_created == 5
    assert isinstance(process_local_file(path, database=database).outcome, Loaded)
    assert connect().execute("SELECT message FROM fresh.logs").fetchall() == [("hello",)]
    assert connect().execute("SELECT message FROM public.logs").fetchall() == []


def test_again_it_changes_nothing(in_schema: Callable[[str], Database], connect: Connect) -> None:
    recorded = "SELECT * FROM schema_migrations ORDER BY version"
    before = (relations(connect, "public"), connect().execute(recorded).fetchall())
    report = migrate(in_schema("public"))
    assert (newly_applied(report), report.partitions_created) == ([], 0)
    assert [each.name for each in report.migrations] == [each.name for each in BUNDLED]
    assert (relations(connect, "public"), connect().execute(recorded).fetchall()) == before


@pytest.mark.parametrize("schemas", [("fresh", "fresh"), ("one", "two")], ids=["same schema", "two schemas"])
def test_from_two_places_at_once_each_schema_is_migrated_once(
    in_schema: Callable[[str], Database], connect: Connect, schemas: tuple[str, str]
) -> None:
    ready = Barrier(2)

    def migrate_at_once(database: Database) -> MigrationReport:
        ready.wait(timeout=30)
        return migrate(database)

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(migrate_at_once, [in_schema(schema) for schema in schemas]))
    everything = [each.version for each in BUNDLED]
    assert sorted(version for report in reports for version in newly_applied(report)) == sorted(
        everything * len(set(schemas))
    )
    for schema in schemas:
        assert relations(connect, schema) == relations(connect, "public")


def test_schemas_of_one_database_know_nothing_of_each_other(
    in_schema: Callable[[str], Database], connect: Connect
) -> None:
    migrate(in_schema("one"), BUNDLED[:3])
    migrate(in_schema("two"))
    assert newly_applied(migrate(in_schema("one"))) == [each.version for each in BUNDLED[3:]]
    connect().execute("DROP SCHEMA two CASCADE; COMMIT")
    assert newly_applied(migrate(in_schema("one"))) == []
    assert relations(connect, "one") == relations(connect, "public")


def test_tables_of_others_in_the_schema_are_left_alone(
    in_schema: Callable[[str], Database], connect: Connect
) -> None:
    connect().execute("CREATE SCHEMA shared; CREATE TABLE shared.users AS SELECT 'Ada' AS name; COMMIT")
    migrate(in_schema("shared"))
    assert connect().execute("SELECT name FROM shared.users").fetchall() == [("Ada",)]
    assert set(relations(connect, "shared")) == {*relations(connect, "public"), "users"}


def test_a_new_file_is_applied_upon_the_old_ones(
    in_schema: Callable[[str], Database], connect: Connect
) -> None:
    number = BUNDLED[-1].version + 1
    new = Migration(number, f"{number:04}_new.sql", "CREATE TABLE new_one (); CREATE TABLE new_two ()")
    assert newly_applied(migrate(in_schema("public"), (*BUNDLED, new))) == [number]
    assert {"new_one", "new_two"} <= set(relations(connect, "public"))


def test_an_applied_file_that_was_edited_is_refused_by_name_and_nothing_else_applied(
    in_schema: Callable[[str], Database], connect: Connect
) -> None:
    edited = replace(BUNDLED[1], script=BUNDLED[1].script + "\n")
    added = Migration(0, "0000_early.sql", "CREATE TABLE early ()")
    with pytest.raises(SchemaError, match=f"{edited.name} was edited after it was applied"):
        migrate(in_schema("public"), (added, BUNDLED[0], edited, *BUNDLED[2:]))
    assert "early" not in relations(connect, "public")


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("CREATE TABLE half_done (); SELECT 1 / 0", TransactionFailedError),
        ("CREATE TABLE half_done (); CREATE TABEL", SchemaError),
        (
            "CREATE TABLE half_done (); SELECT pg_terminate_backend(pg_backend_pid())",
            DatabaseUnavailableError,
        ),
    ],
    ids=["failing", "misspelt", "cut off"],
)
def test_a_migration_that_does_not_get_through_leaves_nothing_behind(
    in_schema: Callable[[str], Database], connect: Connect, script: str, error: type[Exception]
) -> None:
    database = in_schema("fresh")
    with pytest.raises(error):
        migrate(database, (*BUNDLED, Migration(9999, "9999_broken.sql", script)))
    assert connect().execute("SELECT to_regnamespace('fresh')").fetchall() == [(None,)]
    # And nothing stands in the way of the next attempt.
    assert newly_applied(migrate(database)) == [each.version for each in BUNDLED]
