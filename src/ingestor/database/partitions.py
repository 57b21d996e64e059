"""Partitions, retention and statistics; each call is one short transaction that gives up rather than wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, LiteralString

from ingestor.database.bounded import Connection
from ingestor.database.connection import Database
from ingestor.database.limits import MAINTENANCE
from ingestor.errors import ConfigurationError

MONTHS_AHEAD = 3
YEARS_BACK = 20
"""How far back a month gets a partition of its own. What is older, or beyond the months ahead, stays in the default."""

# Two sweepers at once: the second leaves the work to the first. One key per schema.
_TRY_LOCK: LiteralString = """
SELECT pg_try_advisory_xact_lock(hashtextextended('ingestor housekeeping ' || current_schema(), 0))
"""
_ENSURE: LiteralString = "SELECT ensure_logs_partitions(0, %s)"
_MOVE_MONTH: LiteralString = """
SELECT move_month_out_of_default(
    (statement_timestamp() - make_interval(years => %s))::date,
    (date_trunc('month', statement_timestamp() AT TIME ZONE 'UTC') + make_interval(months => %s + 1))::date)
"""
_CUTOFF: LiteralString = """
SELECT cutoff, may_expire(cutoff), (SELECT days FROM retention)
FROM (SELECT statement_timestamp() - make_interval(days => %s)) AS asked (cutoff)
"""
_EMPTY: LiteralString = "SELECT empty_expired_logs_partition(%s)"
_DROP: LiteralString = "SELECT drop_expired_logs_partition(%s)"
_PRUNE_DEFAULT: LiteralString = "SELECT prune_default_partition(%s, %s)"
_PRUNE_HISTORIES: LiteralString = "SELECT prune_histories(%s, %s)"
_ANALYZE: LiteralString = "SELECT analyze_logs_if_due(make_interval(hours => %s))"


class PartitionMaintainer:
    """Each method raises what `transaction` does: LockTimeoutError when another transaction is in its way.

    Each returns None, or 0, when another sweeper maintains the partitions at this moment.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def ensure_partitions(self) -> int:
        """Creates the partitions of the months ahead, and returns how many were new."""
        return int(self._call(_ENSURE, MONTHS_AHEAD) or 0)

    def move_month_out_of_default(self) -> date | None:
        """Moves the oldest month out of the default partition, and returns it; None: there is none to move."""
        month: date | None = self._call(_MOVE_MONTH, YEARS_BACK, MONTHS_AHEAD)
        return month

    def cutoff(self, days: int) -> datetime:
        """By the database's clock. Raises ConfigurationError where the owner of the tables wants logs kept longer."""
        with self._database.transaction() as connection:
            moment, is_allowed, recorded = _row(connection, _CUTOFF, days)
        if not is_allowed:
            younger = "nothing" if recorded is None else f"nothing younger than {recorded} days"
            raise ConfigurationError(
                f"RETENTION_DAYS={days}: who doesn't own the tables drops {younger}; their owner changes that with "
                f"`ingestor migrate`, RETENTION_DAYS={days} set"
            )
        found: datetime = moment
        return found

    def empty_expired_partition(self, cutoff: datetime) -> str | None:
        name: str | None = self._call(_EMPTY, cutoff)
        return name

    def drop_expired_partition(self, cutoff: datetime) -> str | None:
        """Only an empty one."""
        name: str | None = self._call(_DROP, cutoff)
        return name

    def prune_default(self, cutoff: datetime, rows: int) -> int:
        return int(self._call(_PRUNE_DEFAULT, cutoff, rows) or 0)

    def prune_histories(self, cutoff: datetime, files: int) -> int:
        """Of how many files."""
        return int(self._call(_PRUNE_HISTORIES, cutoff, files) or 0)

    def analyze(self, every_hours: int) -> bool:
        return bool(self._call(_ANALYZE, every_hours))

    def _call(self, query: LiteralString, *parameters: object) -> Any:  # noqa: ANN401 - what the function returns
        with self._alone() as connection:
            return None if connection is None else _value(connection, query, *parameters)

    @contextmanager
    def _alone(self) -> Iterator[Connection | None]:
        with self._database.transaction(MAINTENANCE) as connection:
            yield connection if _value(connection, _TRY_LOCK) else None


def _value(connection: Connection, query: LiteralString, *parameters: object) -> Any:  # noqa: ANN401 - of any type
    return _row(connection, query, *parameters)[0]


def _row(connection: Connection, query: LiteralString, *parameters: object) -> tuple[Any, ...]:
    return connection.execute(query, parameters).fetchone() or (None,)
