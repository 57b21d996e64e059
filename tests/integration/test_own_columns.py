"""A generated column over raw_data, as docs/queries.md has it: loading, new months and replacing don't mind it."""

import json
import re
from pathlib import Path
from typing import LiteralString

import pytest

from ingestor.api import process_local_file
from ingestor.database import Database, PartitionMaintainer
from ingestor.ingest import Loaded
from ingestor.settings import OnOverwrite, Settings

PAGE = Path(__file__).parents[2] / "docs" / "queries.md"
MOVE: LiteralString = "SELECT move_month_out_of_default('2000-01-01', '2100-01-01')"


@pytest.fixture(params=["STORED", "VIRTUAL"])
def with_tenant(database: Database, request: pytest.FixtureRequest) -> Database:
    """With the column that the page adds."""
    found = re.search(r"ALTER TABLE logs ADD COLUMN tenant text.*?;", PAGE.read_text(), re.DOTALL)
    assert found is not None
    assert "STORED" in found[0]
    statement = found[0].replace("STORED", request.param)
    with database.transaction() as connection:
        version = connection.info.server_version
    if request.param == "VIRTUAL" and version < 180_000:
        pytest.skip("virtual columns came with PostgreSQL 18")
    with database.transaction() as connection:
        connection.execute(statement)
    return database


def load(
    database: Database, path: Path, *tenants: str, month: str = "2021-03", replace: bool = False
) -> Loaded:
    path.write_text(
        "".join(json.dumps({"time": f"{month}-01T00:00:00Z", "tenant": each}) + "\n" for each in tenants)
    )
    settings = Settings(on_overwrite=OnOverwrite.REPLACE if replace else OnOverwrite.SKIP)
    outcome = process_local_file(path, settings=settings, database=database).outcome
    assert isinstance(outcome, Loaded)
    return outcome


def tenants(database: Database) -> list[tuple[str, str]]:
    with database.transaction() as connection:
        return connection.execute(
            "SELECT tenant, tableoid::regclass::text FROM logs ORDER BY tenant"
        ).fetchall()


def test_entries_are_loaded_with_it_and_those_before_have_it_too(database: Database, tmp_path: Path) -> None:
    load(database, tmp_path / "before.json", "a")
    with database.transaction() as connection:
        connection.execute(
            "ALTER TABLE logs ADD COLUMN tenant text GENERATED ALWAYS AS (raw_data->>'tenant') STORED"
        )
    load(database, tmp_path / "after.json", "b")
    assert [tenant for tenant, _ in tenants(database)] == ["a", "b"]


def test_a_month_is_built_and_filled_from_the_default_partition(
    with_tenant: Database, tmp_path: Path
) -> None:
    load(with_tenant, tmp_path / "app.json", "a", "b")
    assert tenants(with_tenant) == [("a", "logs_default"), ("b", "logs_default")]
    with with_tenant.transaction() as connection:
        connection.execute(MOVE)
    assert tenants(with_tenant) == [("a", "logs_2021_03"), ("b", "logs_2021_03")]
    load(with_tenant, tmp_path / "app.json", "c", replace=True)
    assert tenants(with_tenant) == [("c", "logs_2021_03")]


def test_months_ahead_are_built_with_it(with_tenant: Database, tmp_path: Path) -> None:
    with with_tenant.transaction() as connection:
        (name,) = connection.execute(
            "SELECT max(relname) FROM pg_class WHERE relname ~ '^logs_[0-9_]+$'"
        ).fetchone() or ("",)
        connection.execute(f"DROP TABLE {name}")
    assert PartitionMaintainer(with_tenant).ensure_partitions() == 1
    load(with_tenant, tmp_path / "app.json", "a", month=name.removeprefix("logs_").replace("_", "-"))
    assert tenants(with_tenant) == [("a", name)]


def test_an_entry_that_the_columns_expression_refuses_is_rejected_alone(
    database: Database, tmp_path: Path
) -> None:
    with database.transaction() as connection:
        connection.execute(
            "ALTER TABLE logs ADD COLUMN tenant int GENERATED ALWAYS AS ((raw_data->>'tenant')::int) STORED"
        )
    loaded = load(database, tmp_path / "app.json", "1", "two", "3")
    assert (loaded.rows_loaded, loaded.rows_rejected) == (2, 1)
