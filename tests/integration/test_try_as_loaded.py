"""What `ingestor try` says of a file is what `ingestor local` makes of it."""

from pathlib import Path

import pytest
from tests.integration.conftest import CommandLine

from ingestor.database import Database

DATA = Path(__file__).parents[1] / "data"
FILES = sorted([*(DATA / "formats").iterdir(), DATA / "pino-http-1.json.gz"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_counts_format_and_first_rows_are_those_of_a_load(
    ingestor: CommandLine, database: Database, path: Path
) -> None:
    tried = ingestor("try", path, "--json").json
    ingestor("local", path)
    loaded = ingestor("status", path, "--json").json
    assert (tried["rows"], tried["rejected"], tried["dropped"], tried["unknown_fields"]) == (
        loaded["rows_loaded"], loaded["rows_rejected"], loaded["rows_dropped"], loaded["unknown_fields"],
    )  # fmt: skip
    if tried["error"] is not None:
        assert loaded["error"].endswith(tried["error"])
        return
    for name in ("format", "format_reason", "pipeline"):
        assert tried[name] == loaded[name]
    with database.transaction() as connection:
        rows = connection.execute(
            "SELECT level, message, url, status_code, raw_data::text FROM logs ORDER BY ordinal LIMIT 10"
        ).fetchall()
    names = ("level", "message", "url", "status_code", "raw_data")
    assert [tuple(row.get(name) for name in names) for row in tried["first_rows"]] == rows
