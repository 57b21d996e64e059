"""A batch in a transaction: every entry is a row or a rejected entry, and only the entry at fault is rejected."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from msgspec import Raw
from tests.support.connections import Connect
from tests.support.entries import copy_batch
from tests.support.records import NO_TIME

from ingestor.database import Connection
from ingestor.model.entry import RAW_LIMIT, Batch, Malformed, Repaired, Value
from ingestor.model.rows import RowOrigin
from ingestor.sinks import CopiedBatch
from ingestor.sinks.postgres import unload

FILE = RowOrigin(7, "bucket", "key.json.gz", "etag", None)
GOOD = b'{"time":%d,"msg":"good"}'
BEYOND_NUMERIC = b'{"time":1,"req":{"url":"/","query":{"a":1e200000},"headers":{"b":1}}}'
# Valid for the mapping, refused by Postgres: a zero byte in a text.
REFUSED = b'{"time":1,"msg":"a\\u0000b"}'


def batch(*values: bytes | Value, first_ordinal: int = 0) -> Batch:
    entries = [Raw(value) if isinstance(value, bytes) else value for value in values]
    return Batch(entries, first_ordinal, 0, is_last=True, offset_of=lambda index: 1000 * index)


def fetch(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def test_rows_rejects_and_originals_of_one_batch(connect: Connect) -> None:
    connection = connect()
    loaded = copy_batch(
        connection,
        FILE,
        batch(
            GOOD % 1,
            b"17",
            Malformed("not JSON", 123, 4_000_000, b"x" * RAW_LIMIT),
            Repaired(b'{"time":5,"msg":"\xef\xbf\xbd"}', b'{"time":5,"msg":"\xff"}'),
            Repaired(b'{"msg":"\xef\xbf\xbd"}', b'{"msg":"\xff"}'),
            GOOD % 3,
            first_ordinal=40,
        ),
    )
    first, last = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)
    assert loaded == CopiedBatch(3, 3, 0, first, last)
    assert fetch(connection, "SELECT file_id, ordinal, raw_data::text FROM logs ORDER BY ordinal") == [
        (7, 40, '{"time":1,"msg":"good"}'),
        (7, 43, '{"time":5,"msg":"\N{REPLACEMENT CHARACTER}"}'),
        (7, 45, '{"time":3,"msg":"good"}'),
    ]
    assert fetch(
        connection,
        "SELECT file_id, ordinal, byte_offset, byte_length, error, raw FROM rejected_entries ORDER BY ordinal",
    ) == [
        (7, 41, 1000, 2, "not an object: a number", b"17"),
        (7, 42, 123, 4_000_000, "not JSON", b"x" * RAW_LIMIT),
        (7, 44, 4000, 11, NO_TIME, b'{"msg":"\xff"}'),
    ]
    assert fetch(connection, "SELECT * FROM raw_originals") == [(7, 43, b'{"time":5,"msg":"\xff"}')]


def test_the_transaction_stays_the_callers(connect: Connect) -> None:
    connection = connect()
    connection.execute("SELECT 1")
    copy_batch(connection, FILE, batch(GOOD % 1, BEYOND_NUMERIC, REFUSED))
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
    connection.rollback()
    assert fetch(connection, "SELECT * FROM logs") == []
    assert fetch(connection, "SELECT * FROM rejected_entries") == []


def test_an_empty_batch_sends_nothing(connect: Connect) -> None:
    connection = connect()
    assert copy_batch(connection, FILE, batch()) == CopiedBatch(0, 0, 0, None, None)
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_batch_without_a_single_row_is_all_rejected(connect: Connect) -> None:
    connection = connect()
    assert copy_batch(connection, FILE, batch(b"1", b"[]", Malformed("x", 0, 1, b"x"))) == CopiedBatch(
        0, 3, 0, None, None
    )
    assert fetch(connection, "SELECT count(*) FROM logs") == [(0,)]


def test_only_the_jsonb_that_postgres_refuses_is_null(connect: Connect) -> None:
    connection = connect()
    loaded = copy_batch(connection, FILE, batch(GOOD % 1, BEYOND_NUMERIC, GOOD % 2))
    assert (loaded.rows, loaded.rejected) == (3, 0)
    assert fetch(
        connection, "SELECT url, query, headers, raw_data#>>'{req,query,a}' FROM logs WHERE ordinal = 1"
    ) == [("/", None, {"b": 1}, "1e200000")]


def test_the_entry_postgres_refuses_is_rejected_alone_with_its_reason(connect: Connect) -> None:
    connection = connect()
    count = 500
    refused = {0, 1, 250, 499}
    entries = [REFUSED if index in refused else GOOD % index for index in range(count)]
    loaded = copy_batch(connection, FILE, batch(*entries, first_ordinal=10_000))
    assert (loaded.rows, loaded.rejected) == (count - len(refused), len(refused))
    assert {ordinal for (ordinal,) in fetch(connection, "SELECT ordinal FROM rejected_entries")} == {
        10_000 + index for index in refused
    }
    errors = fetch(connection, "SELECT DISTINCT error FROM rejected_entries")
    assert len(errors) == 1
    assert errors[0][0].startswith('PostgreSQL refused it: invalid byte sequence for encoding "UTF8": 0x00')
    assert "column message" in errors[0][0]
    assert fetch(connection, "SELECT count(*), count(DISTINCT ordinal) FROM logs") == [(496, 496)]


def test_a_batch_of_nothing_but_refused_entries_is_all_rejected(connect: Connect) -> None:
    connection = connect()
    assert copy_batch(connection, FILE, batch(*[REFUSED] * 300)) == CopiedBatch(0, 300, 0, None, None)


def test_a_repaired_entry_that_postgres_refuses_is_rejected_as_it_stood(connect: Connect) -> None:
    connection = connect()
    copy_batch(connection, FILE, batch(GOOD % 1, Repaired(REFUSED, b'{"time":1,"msg":"a\xff"}')))
    assert fetch(connection, "SELECT ordinal, raw FROM rejected_entries") == [
        (1, b'{"time":1,"msg":"a\xff"}')
    ]
    assert fetch(connection, "SELECT * FROM raw_originals") == []


def test_an_exceeded_limit_is_an_entrys_fault_too(connect: Connect) -> None:
    connection = connect()
    connection.execute("SET LOCAL max_stack_depth = '100kB'")
    deep = b'{"time":1,"x":' + b"[" * 900 + b"]" * 900 + b"}"
    loaded = copy_batch(connection, FILE, batch(GOOD % 1, deep, GOOD % 2))
    assert (loaded.rows, loaded.rejected) == (2, 1)
    [(error,)] = fetch(connection, "SELECT error FROM rejected_entries")
    assert "stack depth limit exceeded" in error


def test_jsonb_that_exceeds_a_limit_is_null_where_json_does_not(connect: Connect) -> None:
    connection = connect()
    connection.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.query IS NOT NULL THEN RAISE 'too large' USING ERRCODE = '54000'; END IF; RETURN NEW; END $$"
    )
    connection.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON logs_default FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    loaded = copy_batch(
        connection, FILE, batch(GOOD % 1, b'{"time":1,"req":{"url":"/","query":{"a":1}}}', GOOD % 2)
    )
    assert (loaded.rows, loaded.rejected) == (3, 0)
    assert fetch(connection, "SELECT url, query FROM logs WHERE ordinal = 1") == [("/", None)]


def test_a_chunk_copied_twice_is_refused_by_the_primary_key_and_not_taken_apart(connect: Connect) -> None:
    connection = connect()
    copy_batch(connection, FILE, batch(GOOD % 1, GOOD % 2))
    with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction():
        copy_batch(connection, FILE, batch(GOOD % 1, GOOD % 2))
    with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction():
        copy_batch(connection, FILE, batch(REFUSED, GOOD % 2))
    assert fetch(connection, "SELECT count(*) FROM logs") == [(2,)]
    assert fetch(connection, "SELECT count(*) FROM rejected_entries") == [(0,)]


def test_equal_entries_at_different_places_are_all_kept(connect: Connect) -> None:
    connection = connect()
    for file in (
        FILE,
        RowOrigin(8, "bucket", "key.json.gz", "other etag", None),
        RowOrigin(9, "bucket", "k", None, "v"),
    ):
        for first_ordinal in (0, 3):
            copy_batch(connection, file, batch(*[GOOD % 1] * 3, first_ordinal=first_ordinal))
    assert fetch(connection, "SELECT count(*), count(DISTINCT id) FROM logs") == [(18, 18)]


def test_a_missing_migration_is_no_entrys_fault(connect: Connect) -> None:
    connection = connect()
    connection.execute("ALTER TABLE logs DROP COLUMN hostname")
    with pytest.raises(psycopg.errors.UndefinedColumn):
        copy_batch(connection, FILE, batch(GOOD % 1))


def test_a_connection_that_dies_while_copying_is_no_entrys_fault(connect: Connect) -> None:
    connection, other = connect(), connect()
    victim = connection.info.backend_pid

    def offset_of(index: int) -> int:
        # Asked for the first rejected entry, in the middle of the COPY.
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (victim,))
        return index

    entries = [Raw(b"1"), *[Raw(GOOD % each) for each in range(5000)]]
    with pytest.raises(psycopg.OperationalError):
        copy_batch(connection, FILE, Batch(entries, 0, 0, is_last=True, offset_of=offset_of))


def test_unloading_takes_out_one_file_and_says_how_many_rows_it_had(connect: Connect) -> None:
    connection = connect()
    repaired = Repaired(b'{"time":1}', b'{"time":1 }')
    for file_id in (1, 2):
        copy_batch(
            connection, RowOrigin(file_id, "b", f"{file_id}", "e", None), batch(GOOD % 1, b"1", repaired)
        )
    assert unload(connection, 1) == 2
    for table in ("logs", "rejected_entries", "raw_originals"):
        assert fetch(connection, f"SELECT DISTINCT file_id FROM {table}") == [(2,)]  # noqa: S608 - the names above
    assert unload(connection, 1) == 0
