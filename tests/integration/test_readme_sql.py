"""What the documents tell a reader to type is typed here: over real logs, and over entries nobody should write."""

import gzip
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.integration.conftest import SOURCES, CommandLine, variables_of
from tests.support.documents import DOCUMENTS, README, Block, command_lines, fenced_blocks
from tests.support.odd_entries import UNUSABLE_ENTRIES, odd_entries

from ingestor import process_local_file
from ingestor.database import Connection, ConnectionParameters, Database, migrate
from ingestor.ingest import Loaded
from ingestor.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

QUERIES = [block for document in DOCUMENTS for block in fenced_blocks(document, "sql")]
COMMANDS = [line for line in command_lines(README) if "/ingestor " in line or line.startswith("ingestor ")]
ACCEPTED = Settings(max_reject_ratio=1)


@pytest.fixture(scope="module")
def loaded(
    postgres: ConnectionParameters, data_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connection]:
    """Loaded once, in two schemas: `readme_real` has the real logs, `readme_all` the odd entries beside them."""
    odd = tmp_path_factory.mktemp("odd") / "odd.json.gz"
    odd.write_bytes(gzip.compress(b"\n".join(odd_entries())))
    real = sorted(data_folder.glob("*.json.gz"))
    _load(postgres, "readme_real", real)
    _load(postgres, "readme_all", [*real, odd])
    with psycopg.connect(
        host=postgres.host,
        port=postgres.port,
        dbname=postgres.dbname,
        user=postgres.user,
        password=postgres.password,
    ) as connection:
        yield connection
        connection.rollback()
        for schema in ("readme_real", "readme_all"):
            connection.execute(f"DROP SCHEMA {schema} CASCADE".encode())


def _load(parameters: ConnectionParameters, schema: str, files: list[Path]) -> None:
    database = Database(lambda: parameters, schema)
    migrate(database)
    for file in files:
        outcome = process_local_file(file, settings=ACCEPTED, database=database).outcome
        assert isinstance(outcome, Loaded), outcome
    database.close()


def ask(connection: Connection, schema: str, query: str) -> psycopg.Cursor[tuple[Any, ...]]:
    connection.rollback()
    connection.execute(f"SET LOCAL search_path = {schema}".encode())
    return connection.execute(query.encode())


def test_the_page_about_queries_has_some() -> None:
    assert len([block for block in QUERIES if block.document.name == "queries.md"]) >= 5


def test_the_odd_entries_are_there(loaded: Connection) -> None:
    handled = "SELECT sum(checkpoint), sum(rows_rejected) FROM processed_files"
    before = ask(loaded, "readme_real", handled).fetchall()[0]
    after = ask(loaded, "readme_all", handled).fetchall()[0]
    assert after[0] - before[0] == len(list(odd_entries()))
    assert after[1] >= len(UNUSABLE_ENTRIES)


@pytest.mark.parametrize("query", QUERIES, ids=lambda block: block.name)
def test_a_query_has_an_answer_over_the_real_logs(loaded: Connection, query: Block) -> None:
    # Nothing of the real logs is rejected.
    assert bool(ask(loaded, "readme_real", query.text).rowcount) is (
        "FROM rejected_entries" not in query.text
    )


@pytest.mark.parametrize("query", QUERIES, ids=lambda block: block.name)
def test_a_query_has_an_answer_over_odd_entries_too(loaded: Connection, query: Block) -> None:
    assert ask(loaded, "readme_all", query.text).rowcount > 0


def test_every_command_of_the_readme_works_as_written(
    tmp_path: Path, database_parameters: ConnectionParameters, data_folder: Path
) -> None:
    """In their order, by one reader who has the README's file names."""
    ingestor = CommandLine(tmp_path, variables_of(database_parameters))
    shutil.copy(next(data_folder.glob("*.json.gz")), tmp_path / "my.json.gz")
    assert any(" local my.json.gz" in line for line in COMMANDS)
    for line in COMMANDS:
        _, *arguments = shlex.split(line)
        done = ingestor(*arguments)
        assert (done.status, line) == (0, line), done.stderr
        assert done.stdout.strip(), line


def test_the_python_of_the_readme_works_as_written(
    tmp_path: Path,
    database_parameters: ConnectionParameters,
    data_folder: Path,
    s3: "S3Client",
    s3_server: str,
) -> None:
    [block] = fenced_blocks(README, "python")
    first, second, *_ = sorted(data_folder.glob("*.json.gz"))
    shutil.copy(first, tmp_path / "my.json.gz")
    s3.create_bucket(Bucket="my-logs")
    s3.upload_file(str(second), "my-logs", "2026/11/app.json.gz")
    done = subprocess.run(
        [sys.executable, "-c", block.text],
        cwd=tmp_path,
        env={
            **os.environ,
            **variables_of(database_parameters),
            "PYTHONPATH": str(SOURCES),
            "AWS_ENDPOINT": s3_server,
            "AWS_REGION": "us-east-1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    local, bucket = done.stdout.splitlines()
    assert local.startswith("Loaded(")
    assert bucket.startswith("2026/11/app.json.gz Loaded(")
