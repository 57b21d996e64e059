"""Migrations are numbered SQL files. Each is applied once, in one transaction that one process at a time can be in."""

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from typing import LiteralString

from psycopg import sql

from ingestor.database.bounded import Connection
from ingestor.database.connection import Database
from ingestor.database.limits import MIGRATION
from ingestor.errors import LockTimeoutError, SchemaError, TransactionInterruptedError

MAX_TRIES = 12
PAUSE_SECONDS = 1.0
"""Everybody queues behind a migration that waits for a lock; between two tries, those who queued get on. A chunk and a
migration take tables in different orders: one of them may have to begin again."""

MONTHS_BACK = 1
MONTHS_AHEAD = 3

# One key per schema: two schemas of one database migrate independently.
_LOCK: LiteralString = "SELECT pg_advisory_xact_lock(hashtextextended('ingestor migrate ' || %s, 0))"
_CREATE_TABLE: LiteralString = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    int PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE schema_migrations IS 'The migrations applied to this schema';
COMMENT ON COLUMN schema_migrations.version IS 'The number of the migration';
COMMENT ON COLUMN schema_migrations.name IS 'The name of its file';
COMMENT ON COLUMN schema_migrations.checksum IS 'SHA-256 of its file: an applied migration is never edited';
COMMENT ON COLUMN schema_migrations.applied_at IS 'When it was applied';
"""
_APPLIED: LiteralString = "SELECT version, checksum FROM schema_migrations"
_RECORD: LiteralString = "INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s)"
_PARTITIONS: LiteralString = "SELECT ensure_logs_partitions(%s, %s)"


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    script: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.script.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """`is_new`: applied by this run."""

    version: int
    name: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class MigrationReport:
    migrations: tuple[AppliedMigration, ...]
    partitions_created: int


def bundled_migrations() -> tuple[Migration, ...]:
    """The package's own, in their order."""
    folder = resources.files("ingestor.database") / "sql"
    scripts = sorted(
        (each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda each: each.name
    )
    return tuple(Migration(int(each.name[:4]), each.name, each.read_text("utf-8")) for each in scripts)


def migrate(database: Database, migrations: tuple[Migration, ...] | None = None) -> MigrationReport:
    """Brings the schema up to date; all or nothing.

    Raises SchemaError when an applied migration was edited, LockTimeoutError when somebody works there all the time or
    another migration takes that long, DatabaseUnavailableError.
    """
    for _ in range(MAX_TRIES - 1):
        with suppress(LockTimeoutError, TransactionInterruptedError):
            return _migrate_once(database, migrations or bundled_migrations())
        time.sleep(PAUSE_SECONDS)
    try:
        return _migrate_once(database, migrations or bundled_migrations())
    except LockTimeoutError as error:
        raise LockTimeoutError(
            f"{error}, {MAX_TRIES} times: another migration, or somebody's long transaction, has the tables "
            "(pg_stat_activity); nothing was changed, run it again"
        ) from error


def _migrate_once(database: Database, migrations: tuple[Migration, ...]) -> MigrationReport:
    with database.transaction(MIGRATION) as connection:
        connection.execute(_LOCK, (database.schema,))
        _create_schema(connection, database.schema)
        connection.execute(_CREATE_TABLE)
        checksums = dict(connection.execute(_APPLIED).fetchall())
        done = tuple(
            _apply(connection, migration, checksums.get(migration.version)) for migration in migrations
        )
        created = connection.execute(_PARTITIONS, (MONTHS_BACK, MONTHS_AHEAD)).fetchone()
        return MigrationReport(done, partitions_created=created[0] if created else 0)


def _create_schema(connection: Connection, schema: str) -> None:
    # IF NOT EXISTS would ask for the right to create schemas even where there is nothing to create.
    if connection.execute("SELECT to_regnamespace(%s)", (schema,)).fetchone() == (None,):
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))


def _apply(connection: Connection, migration: Migration, checksum: str | None) -> AppliedMigration:
    if checksum is None:
        # The file is part of this package, not of anybody's input.
        connection.execute(migration.script.encode())
        connection.execute(_RECORD, (migration.version, migration.name, migration.checksum))
    elif checksum != migration.checksum:
        raise SchemaError(
            f"{migration.name} was edited after it was applied: restore the file, and add the change as a new migration"
        )
    return AppliedMigration(migration.version, migration.name, is_new=checksum is None)
