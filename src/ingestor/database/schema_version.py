"""The version of a schema, its newest migration. Code that meets a newer schema than its own touches nothing."""

from functools import cache
from importlib import resources
from typing import LiteralString

from ingestor.database.bounded import Connection
from ingestor.errors import SchemaError

# Before the first migration there is no table. A role that may not read the table learns no version.
_MAY_READ: LiteralString = """
SELECT to_regclass('schema_migrations') IS NOT NULL
   AND has_table_privilege(to_regclass('schema_migrations'), 'SELECT')
"""
_NEWEST: LiteralString = "SELECT max(version) FROM schema_migrations"


def schema_version(connection: Connection) -> int | None:
    """The newest migration that was applied to the schema of this transaction; None: none, or it can't be read."""
    if connection.execute(_MAY_READ).fetchone() != (True,):
        return None
    row = connection.execute(_NEWEST).fetchone()
    return None if row is None else row[0]


@cache
def code_version() -> int:
    """The newest migration that this code knows."""
    folder = resources.files("ingestor.database") / "sql"
    return max(int(each.name[:4]) for each in folder.iterdir() if each.name.endswith(".sql"))


def refuse_newer_schema(connection: Connection) -> None:
    """Asked once per connection, before anything else. Raises SchemaError."""
    version, known = schema_version(connection), code_version()
    if version is not None and version > known:
        raise SchemaError(
            f"the database's schema is at migration {version:04}, and this version of ingestor knows {known:04}: "
            "nothing was touched; upgrade ingestor"
        )
