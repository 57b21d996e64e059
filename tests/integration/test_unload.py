"""A file's rows leave `logs` whole; those of a small file are found without a search through their month."""

from collections.abc import Callable
from typing import LiteralString

import pytest

from ingestor.database import Connection
from ingestor.sinks.postgres import unload
from ingestor.sinks.postgres.unload import _FIRST_ENTRIES

_FILL: LiteralString = """
INSERT INTO logs (id, file_id, ordinal, timestamp, raw_data)
SELECT gen_random_uuid(), %(file_id)s, n, now() + make_interval(secs => n), '{}'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""
MANY = 40_000
PAGES = 60
"""Two rows, and the way to them in each month's index."""


@pytest.fixture
def connection(connect: Callable[[], Connection]) -> Connection:
    return connect()


def fill(connection: Connection, file_id: int, first: int, last: int) -> None:
    connection.execute(_FILL, {"file_id": file_id, "first": first, "last": last})


def left(connection: Connection, file_id: int) -> int:
    [(rows,)] = connection.execute("SELECT count(*) FROM logs WHERE file_id = %s", (file_id,)).fetchall()
    return int(rows)


def pages_read(connection: Connection, file_id: int) -> int:
    with connection.transaction(force_rollback=True):
        explained = connection.execute(
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + _FIRST_ENTRIES,
            {"file_id": file_id, "from_ordinal": 0},
        )
        [([plan],)] = explained.fetchall()
    return int(plan["Plan"]["Shared Hit Blocks"]) + int(plan["Plan"]["Shared Read Blocks"])


@pytest.mark.parametrize("is_analyzed", [True, False])
def test_two_rows_among_many_are_found_without_a_search_through_their_month(
    connection: Connection, *, is_analyzed: bool
) -> None:
    fill(connection, 1, 0, 1)
    fill(connection, 2, 0, MANY)
    if is_analyzed:
        connection.execute("ANALYZE logs")
    assert pages_read(connection, 1) <= PAGES
    connection.execute("DROP INDEX logs_first_entries")
    assert pages_read(connection, 1) > PAGES


@pytest.mark.parametrize("rows", [1, 2, 999, 1_000, 1_001, 2_500])
@pytest.mark.parametrize("is_known", [True, False])
def test_every_row_of_a_file_leaves_and_no_other(
    connection: Connection, rows: int, *, is_known: bool
) -> None:
    fill(connection, 1, 0, rows - 1)
    fill(connection, 2, 0, 10)
    assert unload(connection, 1, rows_loaded=rows if is_known else None) == rows
    assert (left(connection, 1), left(connection, 2)) == (0, 11)


@pytest.mark.parametrize("accounted", [0, 2, 990])
def test_rows_that_no_chunk_accounts_for_leave_as_well(connection: Connection, accounted: int) -> None:
    fill(connection, 1, 0, 1_500)
    assert unload(connection, 1, rows_loaded=accounted) == 1_501
    assert left(connection, 1) == 0


@pytest.mark.parametrize("from_ordinal", [0, 1, 999, 1_000, 1_001, 1_400])
def test_from_an_entry_on_all_later_rows_leave(connection: Connection, from_ordinal: int) -> None:
    fill(connection, 1, 0, 1_499)
    assert unload(connection, 1, from_ordinal=from_ordinal) == 1_500 - from_ordinal
    assert left(connection, 1) == from_ordinal
