"""What a connection shows of a database: its server, TLS, the schema's version, and what this user may not do there."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import LiteralString

from ingestor.database.bounded import Connection
from ingestor.database.schema_version import schema_version

_SERVER: LiteralString = """
SELECT current_user, current_setting('server_version'), current_setting('transaction_read_only')::bool
"""
# Who may not use a schema sees none of its tables.
_SCHEMA: LiteralString = """
SELECT to_regnamespace(quote_ident(%(schema)s)) IS NOT NULL,
       has_schema_privilege(to_regnamespace(quote_ident(%(schema)s))::oid, 'USAGE') IS TRUE,
       to_regclass('schema_migrations') IS NOT NULL
"""
# What migrations 0005 to 0014 grant to ingestor_ingest, as far as the handler, `run` and the sweeper use it.
_MISSING_RIGHTS: LiteralString = """
SELECT relation, string_agg(privilege, ', ' ORDER BY number)
FROM (VALUES
    (1, 'processed_files', 'SELECT'), (2, 'processed_files', 'INSERT'), (3, 'processed_files', 'UPDATE'),
    (4, 'file_events', 'SELECT'), (5, 'file_events', 'INSERT'),
    (6, 'logs', 'SELECT'), (7, 'logs', 'INSERT'), (8, 'logs', 'DELETE'),
    (9, 'rejected_entries', 'SELECT'), (10, 'rejected_entries', 'INSERT'), (11, 'rejected_entries', 'DELETE'),
    (12, 'raw_originals', 'SELECT'), (13, 'raw_originals', 'INSERT'), (14, 'raw_originals', 'DELETE'),
    (15, 'listings', 'SELECT'), (16, 'listings', 'INSERT'), (17, 'listings', 'UPDATE'),
    (18, 'files', 'SELECT'), (19, 'freshness', 'SELECT'), (20, 'retention', 'SELECT'),
    (21, 'schema_migrations', 'SELECT'),
    (22, 'ensure_logs_partitions', 'EXECUTE'), (23, 'analyze_logs_if_due', 'EXECUTE'), (24, 'may_expire', 'EXECUTE')
) AS needed (number, relation, privilege)
WHERE CASE privilege
      WHEN 'EXECUTE' THEN has_function_privilege(to_regproc(relation)::oid, privilege)
      ELSE has_table_privilege(to_regclass(relation)::oid, privilege)
      END IS NOT TRUE
GROUP BY relation
ORDER BY min(number)
"""


@dataclass(frozen=True, slots=True)
class MissingRight:
    """`privileges` on `relation`, a table, view or function; comma-separated, as GRANT takes them."""

    relation: str
    privileges: str


@dataclass(frozen=True, slots=True)
class DatabaseCondition:
    """`is_encrypted`: our own connection is; a pooler's to the server isn't known.

    `version`: the newest migration that was applied; None: there are no tables, or this user may not look.
    """

    user: str
    server_version: str
    is_read_only: bool
    is_encrypted: bool
    is_on_this_machine: bool
    has_schema: bool
    may_use_schema: bool
    has_tables: bool
    version: int | None
    missing_rights: tuple[MissingRight, ...]


def read_condition(connection: Connection, schema: str) -> DatabaseCondition:
    """Reads the database's condition and changes nothing. `schema`: the one of this transaction."""
    user, server_version, is_read_only = connection.execute(_SERVER).fetchall()[0]
    has_schema, may_use, has_tables = connection.execute(_SCHEMA, {"schema": schema}).fetchall()[0]
    missing = connection.execute(_MISSING_RIGHTS).fetchall() if has_tables else []
    return DatabaseCondition(
        user=user,
        server_version=server_version.partition(" ")[0],
        is_read_only=is_read_only,
        is_encrypted=connection.pgconn.ssl_in_use,
        is_on_this_machine=_is_on_this_machine(connection.info.hostaddr),
        has_schema=has_schema,
        may_use_schema=may_use,
        has_tables=has_tables,
        version=schema_version(connection),
        missing_rights=tuple(MissingRight(relation, privileges) for relation, privileges in missing),
    )


def _is_on_this_machine(address: str) -> bool:
    """Whether the server runs on this machine; a Unix socket has no address."""
    return not address or ip_address(address.partition("%")[0]).is_loopback
