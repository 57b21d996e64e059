"""PostgreSQL: connections and transactions, migrations, and the embedded server.

The server is imported from `ingestor.database.embedded`: the functions need none, and pay for imports at a cold start.
"""

from ingestor.database.bounded import Connection
from ingestor.database.condition import DatabaseCondition, MissingRight, read_condition
from ingestor.database.connection import ConnectionParameters, Database
from ingestor.database.limits import REPORT, SHORT, UNLOADING, TransactionLimits
from ingestor.database.migrate import AppliedMigration, MigrationReport, migrate
from ingestor.database.partitions import PartitionMaintainer
from ingestor.database.query import NamedRow, run_query
from ingestor.database.retention import record_retention
from ingestor.database.schema_version import code_version, schema_version

__all__ = [
    "REPORT",
    "SHORT",
    "UNLOADING",
    "AppliedMigration",
    "Connection",
    "ConnectionParameters",
    "Database",
    "DatabaseCondition",
    "MigrationReport",
    "MissingRight",
    "NamedRow",
    "PartitionMaintainer",
    "TransactionLimits",
    "code_version",
    "migrate",
    "read_condition",
    "record_retention",
    "run_query",
    "schema_version",
]
