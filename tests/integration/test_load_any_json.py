"""Whatever JSON a file holds: each entry is a row or a rejected entry, and its bytes are kept."""

import io
import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.entries import batches, copy_batch

from ingestor.database import Connection
from ingestor.formats import Limits
from ingestor.model.rows import RowOrigin
from ingestor.sinks.postgres import unload

FILE = RowOrigin(7, "bucket", "key.json.gz", "etag", None)
# The first line says that the file is one entry a line.
FIRST = b'{"time":1}'

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=6)
)
_NAMES = """level timestamp time req res id method url query headers params remotePort statusCode msg message pid
    cacheHit authUserId processingTimeMs lastUpdated"""
NAMES = st.sampled_from(_NAMES.split()) | st.text(st.characters(), max_size=3)
VALUES = st.recursive(
    SCALARS | st.sampled_from(["2026-11-23T11:20:55Z", 1_795_432_855_268]),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(NAMES, inside, max_size=6),
    max_leaves=12,
)
ENTRIES = st.one_of(
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(NAMES, VALUES, max_size=8).map(
        lambda entry: json.dumps({"time": 1} | entry, ensure_ascii=False).encode("utf-8", "surrogatepass")
    ),
    st.sampled_from(
        [b'{"time":1,"req":{"params":[1e200000,"]"]}}', b'{"time":1,"req":{"query":0e-17000}}', b"{]}"]
    ),
)


@pytest.fixture
def connection(connect: Callable[[], Connection]) -> Connection:
    return connect()


@settings(
    max_examples=60,
    deadline=None,
    # One database for all examples: each takes out what it put in.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(entries=st.lists(ENTRIES, max_size=12), chunk_rows=st.integers(1, 5))
def test_whatever_the_entries_each_is_a_row_or_rejected_and_rows_keep_their_bytes(
    connection: Connection, entries: list[bytes], chunk_rows: int
) -> None:
    limits = Limits(chunk_rows=chunk_rows, chunk_bytes=1 << 20, max_entry_bytes=1 << 20)
    lines = [FIRST, *entries]
    rows = rejected = 0
    for batch in batches(io.BytesIO(b"\n".join(lines)), limits, time_is_up=lambda: False):
        loaded = copy_batch(connection, FILE, batch)
        assert loaded.rows + loaded.rejected == len(batch.values)
        rows, rejected = rows + loaded.rows, rejected + loaded.rejected
    kept: dict[int, bytes] = dict(
        connection.execute(
            "SELECT ordinal, coalesce(o.raw, convert_to(raw_data::text, 'UTF8')) "
            "FROM logs LEFT JOIN raw_originals AS o USING (file_id, ordinal)"
        ).fetchall()
    )
    refused: dict[int, bytes] = dict(
        connection.execute("SELECT ordinal, raw FROM rejected_entries").fetchall()
    )
    unload(connection, FILE.file_id)
    assert (rows, rejected) == (len(kept), len(refused))
    assert kept | refused == dict(enumerate(lines))
