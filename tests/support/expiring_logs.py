"""Logs and a history of several ages, some of them old enough to expire."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.support.ledger_steps import FILE, failed

from ingestor.database import Database, PartitionMaintainer
from ingestor.errors import ErrorKind

NOW = datetime.now(UTC)
OLD, OLDER, ANCIENT = (NOW - timedelta(days=days) for days in (150, 400, 9_000))


def fill(database: Database) -> None:
    """A month of old rows, one of older ones, an empty one, rows that have none, and a file's history."""
    failed(database, replace(FILE, key="old.gz"), ErrorKind.PERMANENT)
    with database.transaction() as connection:
        connection.execute("UPDATE processed_files SET updated_at = %s", (OLD,))
        for ordinal, moment in enumerate((NOW, OLD, OLDER, ANCIENT)):
            connection.execute(
                "INSERT INTO logs (id, file_id, ordinal, timestamp, raw_data) "
                "VALUES (gen_random_uuid(), 1, %s, %s, '{}')",
                (ordinal, moment),
            )
    maintainer = PartitionMaintainer(database)
    while maintainer.move_month_out_of_default():
        pass
    with database.transaction() as connection:
        connection.execute("SELECT create_logs_partition(%s)", ((OLD - timedelta(days=70)).date(),))


def everything(database: Database) -> tuple[object, ...]:
    with database.transaction() as connection:
        rows = connection.execute("SELECT timestamp FROM logs ORDER BY 1").fetchall()
        partitions = connection.execute(
            "SELECT relname FROM pg_class WHERE relispartition ORDER BY 1"
        ).fetchall()
        events = connection.execute("SELECT id FROM file_events ORDER BY 1").fetchall()
    return (*rows, *partitions, *events)
