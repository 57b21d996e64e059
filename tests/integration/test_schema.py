"""What the migrations build: explained, partitioned by month, and refusing states that cannot be."""

from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from ingestor.database import Connection, Database
from ingestor.errors import TransactionFailedError

RELATIONS_UNEXPLAINED: LiteralString = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition
  AND obj_description(oid, 'pg_class') IS NULL
"""
COLUMNS_UNEXPLAINED: LiteralString = """
SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
  AND a.attnum > 0 AND NOT a.attisdropped AND col_description(c.oid, a.attnum) IS NULL
"""
FUNCTIONS_UNEXPLAINED: LiteralString = """
SELECT proname FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
"""
LOG: LiteralString = """
INSERT INTO logs (id, file_id, ordinal, timestamp, message, raw_data)
VALUES (gen_random_uuid(), 1, 0, %s, %s, '{}')
"""
LOGS: LiteralString = "SELECT message, tableoid::regclass::text FROM logs ORDER BY timestamp"
DUE = "2026-11-23T00:00:00Z"


@pytest.mark.parametrize("unexplained", [RELATIONS_UNEXPLAINED, COLUMNS_UNEXPLAINED, FUNCTIONS_UNEXPLAINED])
def test_every_table_view_column_and_function_says_what_it_is(
    database: Database, unexplained: LiteralString
) -> None:
    with database.transaction() as connection:
        assert connection.execute(unexplained).fetchall() == []


def logged(connection: Connection, *entries: tuple[str, str]) -> None:
    """Each entry: its timestamp and its message."""
    connection.cursor().executemany(LOG, entries)


def test_last_month_this_month_and_three_ahead_have_partitions(database: Database) -> None:
    months: LiteralString = """
        SELECT 'logs_' || to_char(clock_timestamp() + make_interval(months => n), 'YYYY_MM')
        FROM generate_series(-1, 3) AS n"""
    partitions: LiteralString = (
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'logs'::regclass"
    )
    with database.transaction() as connection:
        expected = {name for (name,) in connection.execute(months)}
        found = {name for (name,) in connection.execute(partitions)}
    assert found == {*expected, "logs_default"}


def test_a_month_begins_and_ends_in_utc_wherever_it_is_built(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute("SET LOCAL TimeZone = 'Pacific/Kiritimati'")
        connection.execute("SELECT create_logs_partition('2031-02-17')")
        logged(
            connection,
            ("2031-01-31T23:59:59.999999Z", "before"),
            ("2031-02-01T00:00:00Z", "first"),
            ("2031-02-28T23:59:59.999999Z", "last"),
            ("2031-03-01T00:00:00Z", "after"),
        )
        assert connection.execute(LOGS).fetchall() == [
            ("before", "logs_default"),
            ("first", "logs_2031_02"),
            ("last", "logs_2031_02"),
            ("after", "logs_default"),
        ]


def test_a_late_partition_takes_its_rows_out_of_the_default_one_unchanged(database: Database) -> None:
    everything: LiteralString = "SELECT to_jsonb(logs) FROM logs ORDER BY timestamp"
    with database.transaction() as connection:
        logged(
            connection,
            ("0001-01-01T00:00:00Z", "the first"),
            ("2031-02-03T00:00:00Z", "of the month"),
            ("9999-12-31T23:59:59Z", "the last"),
        )
    with database.transaction() as connection:
        before = connection.execute(everything).fetchall()
        assert connection.execute("SELECT create_logs_partition('2031-02-01')").fetchall() == [(True,)]
        assert connection.execute(everything).fetchall() == before
        assert connection.execute(LOGS).fetchall() == [
            ("the first", "logs_default"),
            ("of the month", "logs_2031_02"),
            ("the last", "logs_default"),
        ]


def test_a_partition_that_is_there_is_left_as_it_is(database: Database) -> None:
    with database.transaction() as connection:
        answers = [
            connection.execute("SELECT create_logs_partition(%s)", (day,)).fetchone()
            for day in ("2031-02-01", "2031-02-28", "2031-03-01")
        ]
    assert answers == [(True,), (False,), (True,)]


def test_a_new_partition_has_each_index_of_logs_once(database: Database) -> None:
    attached: LiteralString = """
        SELECT (SELECT count(*) FROM pg_index WHERE indrelid = 'logs_2031_02'::regclass),
               (SELECT count(*) FROM pg_index i JOIN pg_inherits ON inhrelid = i.indexrelid
                WHERE indrelid = 'logs_2031_02'::regclass),
               (SELECT count(*) FROM pg_index WHERE indrelid = 'logs'::regclass)"""
    with database.transaction() as connection:
        connection.execute("SELECT create_logs_partition('2031-02-01')")
        ((indexes, attached_indexes, of_logs),) = connection.execute(attached).fetchall()
    assert indexes == attached_indexes == of_logs


def add_file(database: Database, **columns: object) -> None:
    values = {"bucket": "logs", "s3_key": "a", **columns}
    insert = sql.SQL("INSERT INTO processed_files ({}) VALUES ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join(map(sql.Placeholder, values))
    )
    with database.transaction() as connection:
        connection.execute(insert, values)


PENDING = {"status": "PENDING", "next_attempt_at": DUE}
PROCESSING = {"status": "PROCESSING", "lease_expires_at": DUE}
COMPLETED = {"status": "COMPLETED"}
NEWER_WAITS = {**COMPLETED, "next_etag": "e2", "next_attempt_at": DUE}
RETRIED = {"status": "FAILED", "error_kind": "transient", "next_attempt_at": DUE}
GIVEN_UP = {"status": "FAILED", "error_kind": "permanent"}


@pytest.mark.parametrize("state", [PENDING, PROCESSING, COMPLETED, NEWER_WAITS, RETRIED, GIVEN_UP])
def test_the_ledgers_states_are_possible(database: Database, state: dict[str, str]) -> None:
    add_file(database, **state)


@pytest.mark.parametrize(
    ("state", "constraint"),
    [
        pytest.param(
            {**PENDING, "status": "LOST", "next_attempt_at": None}, "status_check", id="an unknown status"
        ),
        pytest.param({**PENDING, "next_attempt_at": None}, "due", id="pending, and never due"),
        pytest.param({**PENDING, "lease_expires_at": DUE}, "due", id="pending, and held"),
        pytest.param({**PROCESSING, "lease_expires_at": None}, "due", id="held for ever"),
        pytest.param({**PROCESSING, "next_attempt_at": DUE}, "due", id="held, and due"),
        pytest.param({**COMPLETED, "lease_expires_at": DUE}, "due", id="completed, and held"),
        pytest.param({**COMPLETED, "next_attempt_at": DUE}, "due", id="completed, and due"),
        pytest.param({**NEWER_WAITS, "next_attempt_at": None}, "due", id="a newer version never looked at"),
        pytest.param({**RETRIED, "next_attempt_at": None}, "due", id="retried never"),
        pytest.param({**RETRIED, "lease_expires_at": DUE}, "due", id="failed, and held"),
        pytest.param({**GIVEN_UP, "next_attempt_at": DUE}, "due", id="given up, and due"),
        pytest.param({**GIVEN_UP, "error_kind": None}, "failed_has_kind", id="failed for no kind of reason"),
        pytest.param({**GIVEN_UP, "error_kind": "odd"}, "error_kind_check", id="an unknown kind"),
        pytest.param({**COMPLETED, "checkpoint": 3, "rows_loaded": 2}, "every_entry_counted", id="one lost"),
        pytest.param({**COMPLETED, "rows_rejected": 1}, "every_entry_counted", id="one twice"),
        pytest.param({**COMPLETED, "rows_dropped": 1}, "every_entry_counted", id="one dropped, and not read"),
        pytest.param({**COMPLETED, "store": "ftp"}, "store_check", id="an unknown store"),
        pytest.param(
            {**COMPLETED, "checkpoint_offset": -1}, "checkpoint_offset_check", id="before its start"
        ),
        pytest.param({**COMPLETED, "attempts": -1}, "attempts_check", id="fewer than no attempts"),
        pytest.param({**COMPLETED, "failures": -1}, "failures_check", id="fewer than no failures"),
        pytest.param(
            {**COMPLETED, "checkpoint": 0, "rows_loaded": -1, "rows_rejected": 1},
            "rows_loaded_check",
            id="rows owed",
        ),
    ],
)
def test_an_impossible_state_of_a_file_is_refused(
    database: Database, state: dict[str, object], constraint: str
) -> None:
    with pytest.raises(TransactionFailedError) as raised:
        add_file(database, **state)
    assert isinstance(raised.value.__cause__, psycopg.errors.CheckViolation)
    assert raised.value.__cause__.diag.constraint_name == f"processed_files_{constraint}"
