"""How long logs are kept, as the owner of the tables recorded it."""

from typing import LiteralString

from ingestor.database.connection import Database
from ingestor.database.limits import MAINTENANCE

_RECORD: LiteralString = """
INSERT INTO retention (days) VALUES (%s)
ON CONFLICT (only_row) DO UPDATE SET days = excluded.days, recorded_at = clock_timestamp()
WHERE retention.days <> excluded.days
"""
_RECORDED: LiteralString = "SELECT days FROM retention"


def record_retention(database: Database, days: int | None) -> int | None:
    """Records the retention: a sweeper that doesn't own the tables drops nothing younger. None changes nothing.

    What holds then; None: such a sweeper drops nothing. Raises SchemaError for who doesn't own the tables.
    """
    with database.transaction(MAINTENANCE) as connection:
        if days is not None:
            connection.execute(_RECORD, (days,))
        row = connection.execute(_RECORDED).fetchone()
        return None if row is None else int(row[0])
