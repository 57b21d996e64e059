"""Each program of examples/ works as it is."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.integration.conftest import SOURCES, variables_of
from tests.support.documents import ROOT

from ingestor.database import ConnectionParameters, Database
from ingestor.database.embedded import EmbeddedPostgres

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EXAMPLES = ROOT / "examples"
TESTED = {"file.sh", "python_program.py", "lambda_event.py", "cronjob.sh"}


def run(
    example: str, *arguments: str, folder: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    program = [sys.executable] if example.endswith(".py") else ["sh"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [*program, str(EXAMPLES / example), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SOURCES), "PATH": path, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def log(tmp_path: Path, data_folder: Path) -> Path:
    return Path(shutil.copy(data_folder / "pino-http-1.json.gz", tmp_path / "my.json.gz"))


@pytest.fixture
def bucket(s3: "S3Client", log: Path, unique_name: Callable[[str], str]) -> str:
    """With one object."""
    name = unique_name("examples")
    s3.create_bucket(Bucket=name)
    s3.upload_file(str(log), name, "2026/11/my.json.gz")
    return name


@pytest.fixture
def _embedded(tmp_path: Path) -> Iterator[None]:
    """Removes what a root's server keeps elsewhere."""
    yield
    server = EmbeddedPostgres(tmp_path / ".ingestor")
    server.stop()
    shutil.rmtree(server.data_folder.parent, ignore_errors=True)


def rows_in(database: Database) -> int:
    with database.transaction() as connection:
        [(rows,)] = connection.execute("SELECT count(*) FROM logs").fetchall()
    return int(rows)


def test_each_example_is_tested_and_named_on_their_page() -> None:
    there = {path.name for path in EXAMPLES.iterdir() if path.suffix in {".py", ".sh"}}
    page = (EXAMPLES / "README.md").read_text()
    assert there == TESTED
    assert [name for name in there if f"({name})" not in page] == []


@pytest.mark.usefixtures("_embedded")
def test_a_file_needs_nothing_else(log: Path) -> None:
    done = run("file.sh", log.name, folder=log.parent, variables={})
    assert done.returncode == 0, done.stderr
    assert "info" in done.stdout
    assert "COMPLETED" in done.stdout


def test_a_python_program_loads_once_however_often_it_runs(
    log: Path, database_parameters: ConnectionParameters, database: Database
) -> None:
    def once() -> str:
        done = run(
            "python_program.py", log.name, folder=log.parent, variables=variables_of(database_parameters)
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert once().startswith("my.json.gz: ")
    rows = rows_in(database)
    assert rows > 0
    assert once() == "my.json.gz: loaded before\n"
    assert rows_in(database) == rows


def test_a_python_program_says_in_a_sentence_that_no_database_is_named(log: Path) -> None:
    done = run("python_program.py", log.name, folder=log.parent, variables={})
    assert done.returncode == 1
    assert "DB_HOST" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_event_of_lambda_loads_its_object(
    log: Path, bucket: str, database_parameters: ConnectionParameters, database: Database, s3_server: str
) -> None:
    variables = {
        **variables_of(database_parameters),
        "AWS_ENDPOINT": s3_server,
        "AWS_REGION": "us-east-1",
        "BUCKETS": bucket,
        "QUEUE_URL": f"{s3_server}/123456789012/queue",
    }
    done = run("lambda_event.py", bucket, "2026/11/my.json.gz", folder=log.parent, variables=variables)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"batchItemFailures": []}
    assert rows_in(database) > 0


def test_a_cronjob_is_one_pass_over_a_bucket(
    log: Path, bucket: str, database_parameters: ConnectionParameters, database: Database, s3_server: str
) -> None:
    variables = {
        **variables_of(database_parameters),
        "AWS_ENDPOINT": s3_server,
        "AWS_REGION": "us-east-1",
        "BUCKET": bucket,
    }
    done = run("cronjob.sh", folder=log.parent, variables=variables)
    assert done.returncode == 0, done.stderr
    assert rows_in(database) > 0
