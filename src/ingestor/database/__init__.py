"""PostgreSQL: connections and transactions, migrations, and the embedded server."""

from ingestor.database.connection import Connection, ConnectionParameters, Database
from ingestor.database.migrate import AppliedMigration, MigrationReport, migrate
from ingestor.database.query import Row, run_query

__all__ = [
    "AppliedMigration",
    "Connection",
    "ConnectionParameters",
    "Database",
    "MigrationReport",
    "Row",
    "migrate",
    "run_query",
]
