"""Entries nobody should write, between two ordinary ones, from the file's bytes to what a reader's query sees."""

import io
import json
from typing import Any

import psycopg
import pytest
from tests.support.connections import Connect
from tests.support.entries import batches, copy_batch
from tests.support.odd_entries import (
    FIELDS,
    JSON_FIELDS,
    ODD_CHARACTERS,
    TEXT_FIELDS,
    UNUSABLE_ENTRIES,
    UNUSUAL_ENTRIES,
    WRONG_VALUES,
)

from ingestor.database import Connection
from ingestor.formats import Limits
from ingestor.model.rows import RowOrigin

FILE = RowOrigin(7, "bucket", "key.json.gz", "etag", None)
LIMITS = Limits(chunk_rows=1000, chunk_bytes=1 << 20, max_entry_bytes=1 << 20)
BEFORE, AFTER = b'{"time":1,"msg":"before"}', b'{"time":2,"msg":"after"}'
REPLACED = "\N{REPLACEMENT CHARACTER}"

# What a reader does to every row: every key of it as text, jsonb of each jsonb column, and a total order.
READ_EVERYTHING = """
    SELECT ordinal, raw_data->>'time', raw_data->>'msg', raw_data#>>'{req,url}',
        query::text, headers->>'a', params::text, (SELECT count(*) FROM json_each_text(raw_data)),
        length(raw_data::text), timestamp, severity >= 17, level, message
    FROM logs ORDER BY timestamp, ordinal
"""


def load(connection: Connection, content: bytes, limits: Limits = LIMITS) -> tuple[int, int]:
    """How many rows and rejected entries came of `content`; they add up to its entries."""
    rows = rejected = 0
    for batch in batches(io.BytesIO(content), limits, time_is_up=lambda: False):
        loaded = copy_batch(connection, FILE, batch)
        assert loaded.rows + loaded.rejected == len(batch.values)
        rows, rejected = rows + loaded.rows, rejected + loaded.rejected
    connection.execute(READ_EVERYTHING).fetchall()
    return rows, rejected


def load_between_ordinary_ones(connection: Connection, entry: bytes) -> str | None:
    """Why `entry` was rejected; None if it is a row. Its neighbours are rows in either case."""
    rows, rejected = load(connection, b"[" + b",\n".join((BEFORE, entry, AFTER)) + b"]")
    assert rows + rejected == 3
    neighbours = connection.execute(
        "SELECT ordinal, message FROM logs WHERE ordinal <> 1 ORDER BY ordinal"
    ).fetchall()
    assert neighbours == [(0, "before"), (2, "after")]
    reason = connection.execute("SELECT error, raw, byte_offset FROM rejected_entries").fetchone()
    if reason is None:
        return None
    assert entry.startswith(reason[1])
    assert reason[2] == len(b"[" + BEFORE + b",\n")
    return str(reason[0])


def value_of(connection: Connection, column: str) -> Any:  # noqa: ANN401 - any column
    query = psycopg.sql.SQL("SELECT {} FROM logs WHERE ordinal = 1").format(psycopg.sql.Identifier(column))
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("characters", ODD_CHARACTERS.values(), ids=ODD_CHARACTERS)
@pytest.mark.parametrize(("column", "template"), TEXT_FIELDS.items(), ids=TEXT_FIELDS)
def test_characters_that_postgres_cannot_hold_are_replaced_in_text(
    connect: Connect, column: str, template: bytes, characters: bytes
) -> None:
    connection = connect()
    entry = b'{"time":1,' + template % (b'"' + characters + b'"') + b"}"
    assert load_between_ordinary_ones(connection, entry) is None
    assert value_of(connection, column).startswith("a" + REPLACED)
    assert connection.execute("SELECT ordinal, raw FROM raw_originals").fetchall() == [(1, entry)]


@pytest.mark.parametrize("characters", ODD_CHARACTERS.values(), ids=ODD_CHARACTERS)
@pytest.mark.parametrize(("column", "template"), JSON_FIELDS.items(), ids=JSON_FIELDS)
def test_characters_that_postgres_cannot_hold_are_replaced_in_json(
    connect: Connect, column: str, template: bytes, characters: bytes
) -> None:
    connection = connect()
    value = b'{"a":"' + characters + b'","k' + characters + b'":[1]}'
    assert load_between_ordinary_ones(connection, b'{"time":1,' + template % value + b"}") is None
    assert value_of(connection, column)["a"].startswith("a" + REPLACED)


@pytest.mark.parametrize("characters", ODD_CHARACTERS.values(), ids=ODD_CHARACTERS)
def test_characters_that_postgres_cannot_hold_are_replaced_in_fields_without_a_column(
    connect: Connect, characters: bytes
) -> None:
    connection = connect()
    entry = b'{"time":1,"' + characters + b'":0,"other":["' + characters + b'"]}'
    assert load_between_ordinary_ones(connection, entry) is None
    assert REPLACED in json.dumps(value_of(connection, "raw_data"), ensure_ascii=False)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.decode())
def test_a_field_of_any_type_and_size_keeps_its_row(connect: Connect, field: bytes) -> None:
    connection = connect()
    entries = [b'{"time":1,' + field.replace(b"%b", value) + b"}" for value in WRONG_VALUES]
    assert load(connection, b"\n".join(entries)) == (len(entries), 0)
    kept = connection.execute("SELECT raw_data::text FROM logs ORDER BY ordinal").fetchall()
    assert [text.encode() for (text,) in kept] == entries


@pytest.mark.parametrize(
    "entry",
    UNUSUAL_ENTRIES,
    ids=lambda entry: entry.decode(),
)
def test_an_unusual_entry_is_a_row_with_its_own_bytes(connect: Connect, entry: bytes) -> None:
    connection = connect()
    assert load_between_ordinary_ones(connection, entry) is None
    kept = connection.execute("SELECT raw_data::text FROM logs WHERE ordinal = 1").fetchone()
    assert kept == (entry.decode(),)


@pytest.mark.parametrize(
    ("entry", "reason"),
    UNUSABLE_ENTRIES,
    ids=lambda value: str(value[:40]),
)
def test_an_entry_that_cannot_be_a_row_is_rejected_with_its_place_and_reason(
    connect: Connect, entry: bytes, reason: str
) -> None:
    assert reason in str(load_between_ordinary_ones(connect(), entry))


def test_rejected_reasons_quote_only_what_text_can_hold(connect: Connect) -> None:
    connection = connect()
    reason = load_between_ordinary_ones(connection, b'{"timestamp":"\\u0000\\ud800\xff"}')
    assert reason is not None
    assert reason.startswith("no usable time")
