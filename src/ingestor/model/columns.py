"""The columns of `logs` that an entry fills: declared here once, in the order in which they are copied.

`created_at` and `updated_at` are left to their defaults.
"""

from dataclasses import dataclass
from typing import Any, LiteralString

type Row = tuple[Any, ...]
"""One value for each of COLUMNS, in that order, ready for `Copy.write_row` with COPY_TYPES."""


@dataclass(frozen=True, slots=True)
class Column:
    """`postgres_type` as `format_type` names it; `copied_as` is whose binary dumper writes the value.

    Binary COPY carries bytes and lengths but no types: any dumper will do that writes what the column's receive
    function reads. psycopg's dumpers of bytea, text, bool and numbers are C and take the values as they are; those of
    uuid, timestamptz, json and jsonb are Python and want a UUID, a datetime and wrappers. Measured: 4.3 microseconds
    an entry with the types' own dumpers, objects included; 0.8 with those named here.
    """

    name: LiteralString
    postgres_type: LiteralString
    copied_as: LiteralString


def _text(name: LiteralString) -> Column:
    return Column(name, "text", "text")


def _bigint(name: LiteralString) -> Column:
    return Column(name, "bigint", "int8")


def _integer(name: LiteralString) -> Column:
    return Column(name, "integer", "int4")


def _timestamp(name: LiteralString) -> Column:
    """Microseconds since 2000-01-01 UTC, which is what timestamptz is on the wire and on disk."""
    return Column(name, "timestamp with time zone", "int8")


def _jsonb(name: LiteralString) -> Column:
    r"""`jsonb_recv` reads a version byte, \x01, and then JSON text."""
    return Column(name, "jsonb", "bytea")


COLUMNS: tuple[Column, ...] = (
    Column("id", "uuid", "bytea"),
    _bigint("file_id"),
    _bigint("ordinal"),
    _text("request_id"),
    _text("trace_id"),
    _timestamp("timestamp"),
    _text("level"),
    Column("severity", "smallint", "int2"),
    _text("method"),
    _text("url"),
    _jsonb("query"),
    _jsonb("headers"),
    _jsonb("params"),
    _text("remote_address"),
    _integer("remote_port"),
    _integer("status_code"),
    _text("context"),
    _text("message"),
    _text("hostname"),
    _integer("pid"),
    _bigint("auth_user_id"),
    Column("processing_time_ms", "double precision", "float8"),
    Column("cache_hit", "boolean", "bool"),
    _bigint("document_count"),
    _timestamp("last_updated"),
    Column("raw_data", "json", "bytea"),
)

COPY_TYPES: tuple[LiteralString, ...] = tuple(column.copied_as for column in COLUMNS)

JSONB_POSITIONS: tuple[int, ...] = tuple(
    position for position, column in enumerate(COLUMNS) if column.postgres_type == "jsonb"
)
"""Where a row holds jsonb: the only values whose limits are not known before Postgres reads them."""

TIMESTAMP_POSITION, SEVERITY_POSITION = (
    [column.name for column in COLUMNS].index(name) for name in ("timestamp", "severity")
)
