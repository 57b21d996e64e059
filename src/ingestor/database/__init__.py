"""PostgreSQL: connections and transactions, migrations, and the embedded server."""

from ingestor.database.connection import Connection, ConnectionParameters, Database
from ingestor.database.migrate import AppliedMigration, MigrationReport, migrate

__all__ = ["AppliedMigration", "Connection", "ConnectionParameters", "Database", "MigrationReport", "migrate"]
