"""Whatever fails: no password, key, token or signature is in anything that was printed, logged, traced or answered."""

import io
import json
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
from demo import deployment
from tests.e2e.conftest import FakeContext, Service, sample_event
from tests.e2e.test_artefact import linux_only
from tests.integration.conftest import variables_of
from tests.support.echoing_aws import EchoingAws, echoing_aws
from tests.support.lambda_runtime import LambdaRuntime

from handler import message, migrate, object_created, operate, sweep
from handler.custom_resource import CustomResource
from handler.runtime import runtime
from handler.telemetry import SERVICE, make_telemetry
from handler.tracing import DAEMON_VARIABLE, TRACE_VARIABLE
from ingestor.cli import main
from ingestor.database import ConnectionParameters, Database

SECRET = "hunter2"
"""Part of each that is to stay one."""
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db"
COMMANDS = (
    ("migrate",),
    ("status",),
    ("status", "--json"),
    ("local", "app.json"),
    ("psql", "-c", "SELECT 1"),
    ("psql", "--json", "-c", "SELECT 1"),
    ("run", "--bucket", "my-logs", "--wait", "0s"),
    ("run", "--bucket", "my-logs", "--wait", "1s", "--json"),
    ("backfill", "--bucket", "my-logs", "--dry-run"),
    ("sweep",),
    ("sweep", "--json"),
    ("redrive",),
    ("retry", "--failed"),
    ("ignore", "app.json", "--reason", "x"),
    ("connect-bucket", "--bucket", "my-logs", "--queue-arn", "arn:aws:sqs:us-east-1:1:q"),
    ("pause", "--function", "ours"),
    ("check",),
    ("check", "--json"),
    ("--stack", "ours", "status"),
)


@dataclass(frozen=True)
class Place:
    """What the scenarios are made of: a real database, and an AWS that refuses."""

    database: ConnectionParameters
    aws: EchoingAws

    @property
    def usual(self) -> dict[str, str]:
        return variables_of(self.database) | {
            "AWS_ENDPOINT_URL": self.aws.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": f"{SECRET}/key",
            "AWS_SESSION_TOKEN": f"{SECRET}/token+=",
            "AWS_MAX_ATTEMPTS": "1",
            "BUCKETS": "my-logs",
            "QUEUE_URL": f"{self.aws.endpoint}/123456789012/q",
            "DLQ_URL": f"{self.aws.endpoint}/123456789012/q-dlq",
        }

    def with_secret(self, **fields: object) -> dict[str, str]:
        whole: dict[str, object] = {
            "host": self.database.host, "port": self.database.port, "dbname": self.database.dbname,
            "username": self.database.user, "password": f"{SECRET} of the secret",
        }  # fmt: skip
        return self.with_secret_text(json.dumps(whole | fields))

    def with_secret_text(self, text: str) -> dict[str, str]:
        self.aws.secret = text
        given = {name: value for name, value in self.usual.items() if not name.startswith("DB_")}
        return given | {"DB_SECRET_ARN": ARN}

    def with_password(self, password: str) -> dict[str, str]:
        return self.usual | {"DB_PASSWORD": password}


USERINFO = f"me:{SECRET}@127.0.0.1:1"
type Scenario = Callable[[Place], dict[str, str]]
SCENARIOS: dict[str, Scenario] = {
    "AWS refuses and repeats the headers": lambda place: place.usual,
    "wrong password": lambda place: place.with_password(f"{SECRET} is wrong"),
    "a password with quotes and line ends": lambda place: place.with_password(f"{SECRET}' \\ \n x=\t"),
    "a password that is no UTF-8": lambda place: place.with_password(f"{SECRET}\udcff"),
    "no database there": lambda place: place.with_password(SECRET) | {"DB_PORT": "1"},
    "no such host": lambda place: place.with_password(SECRET) | {"DB_HOST": "nowhere.invalid"},
    "a URL for a host": lambda place: place.usual | {"DB_HOST": f"postgresql://{USERINFO}/db"},
    "a URL for a database": lambda place: place.usual | {"DB_NAME": f"postgresql://{USERINFO}/db"},
    "connection settings for a host": lambda place: place.usual | {"DB_HOST": f"h password={SECRET}"},
    "a URL for a user": lambda place: place.usual | {"DB_USERNAME": f"postgresql://{USERINFO}/db"},
    "values where they don't belong": lambda place: (
        place.usual
        | {"DB_PORT": SECRET, "DB_SSLMODE": SECRET, "DB_SCHEMA": SECRET.upper(), "CHUNK_ROWS": SECRET}
    ),
    "a user in the endpoint": lambda place: place.usual | {"AWS_ENDPOINT": f"http://{USERINFO}"},
    "a user in an endpoint without scheme": lambda place: place.usual | {"AWS_ENDPOINT_URL": USERINFO},
    "a signature in the endpoint": lambda place: (
        place.usual
        | {"AWS_ENDPOINT": f"http://127.0.0.1:1/?X-Amz-Signature={SECRET}&X-Amz-Credential={SECRET}"}
    ),
    "a user in the queue's URL": lambda place: place.usual | {"QUEUE_URL": f"http://{USERINFO}/1/q"},
    "a user in the dead letters' URL": lambda place: place.usual | {"DLQ_URL": f"http://{USERINFO}/1/q"},
    "no AWS there": lambda place: (
        place.usual | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "QUEUE_URL": "http://127.0.0.1:1/1/q"}
    ),
    "a proxy with a password": lambda place: place.usual | {"HTTP_PROXY": f"http://{USERINFO}"},
    "a secret that is refused": lambda place: (
        place.with_secret()
        | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "QUEUE_URL": "http://127.0.0.1:1/1/q"}
    ),
    "a secret's wrong password": lambda place: place.with_secret(),
    "a secret that is no JSON": lambda place: place.with_secret_text(f"{SECRET} alone"),
    "a secret that is a list": lambda place: place.with_secret_text(f'["{SECRET}"]'),
    "a secret that is a string": lambda place: place.with_secret_text(f'"{SECRET}"'),
    "a secret without a host": lambda place: place.with_secret_text(f'{{"password":"{SECRET}"}}'),
    "a secret with a URL for a host": lambda place: place.with_secret(host=f"postgresql://{USERINFO}"),
    "a secret with NUL": lambda place: place.with_secret(password=f"a\x00{SECRET}"),
    "a secret whose password is an object": lambda place: place.with_secret(password={"a": SECRET}),
    "a secret whose host is an object": lambda place: place.with_secret(host={"a": f"password={SECRET}"}),
    "a secret whose port is none": lambda place: place.with_secret(port=f"password={SECRET}"),
}


@pytest.fixture(scope="module")
def aws() -> Iterator[EchoingAws]:
    with echoing_aws() as started:
        yield started


@pytest.fixture
def place(database_parameters: ConnectionParameters, aws: EchoingAws) -> Place:
    aws.secret = None
    return Place(database_parameters, aws)


@pytest.fixture(params=SCENARIOS)
def trouble(
    request: pytest.FixtureRequest, place: Place, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mapping[str, str]]:
    variables = SCENARIOS[request.param](place)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    caches = (runtime, sweep.sweep_runtime, operate._logger)
    for each in caches:
        each.cache_clear()
    yield variables
    if runtime.cache_info().currsize:
        runtime().worker.database.close()
    if sweep.sweep_runtime.cache_info().currsize:
        sweep.sweep_runtime().tools.database.close()
    for each in caches:
        each.cache_clear()


def test_a_command_tells_no_secret(
    trouble: Mapping[str, str],  # noqa: ARG001 - it is the environment's
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    subtests: pytest.Subtests,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("app.json").write_text('{"time":1795432855268}\n')
    for command in COMMANDS:
        with subtests.test(" ".join(command)):
            with pytest.raises(SystemExit):
                main.main(list(command), prog_name="ingestor")
            said = capfd.readouterr()
            assert SECRET not in said.out + said.err
            assert "Traceback" not in said.err


def test_debugging_tells_no_secret_either(
    trouble: Mapping[str, str],  # noqa: ARG001 - it is the environment's
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    subtests: pytest.Subtests,
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("check",), ("status",), ("sweep",), ("--stack", "ours", "status")):
        with subtests.test(" ".join(command)):
            with pytest.raises(SystemExit):
                main.main(["--debug", *command], prog_name="ingestor")
            said = capfd.readouterr()
            assert SECRET not in said.out + said.err


type Function = Callable[[], object]


def functions() -> dict[str, Function]:
    context: Any = FakeContext()
    custom: dict[str, Any] = {
        "RequestType": "Create", "ResponseURL": "", "StackId": "s", "RequestId": "r", "LogicalResourceId": "l",
    }  # fmt: skip
    return {
        "handler": lambda: object_created.lambda_handler(sample_event("s3_put.json"), context),
        "sweep": lambda: sweep.lambda_handler({}, context),
        "migrate": lambda: migrate.lambda_handler({}, context),
        "migrate on deploy": lambda: migrate.lambda_handler(custom, context),
        "operate": lambda: operate.lambda_handler({"arguments": ["status"]}, context),
        "operate, sweeping": lambda: operate.lambda_handler({"arguments": ["sweep", "--json"]}, context),
    }


def test_a_function_tells_no_secret(
    trouble: Mapping[str, str],  # noqa: ARG001 - it is the environment's
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    subtests: pytest.Subtests,
) -> None:
    answers: list[object] = []
    monkeypatch.setattr(FakeContext, "log_group_name", "/aws/lambda/x", raising=False)
    monkeypatch.setattr(FakeContext, "log_stream_name", "x", raising=False)
    monkeypatch.setattr(CustomResource, "_send", lambda _, *told: answers.append(told))
    written = io.StringIO()
    monkeypatch.setattr(make_telemetry().logger.registered_handler, "stream", written)
    with closing(_daemon(monkeypatch)) as daemon:
        for name, function in functions().items():
            with subtests.test(name):
                caplog.clear()
                try:
                    answers.append(function())
                except Exception as error:  # noqa: BLE001 - as Lambda's runtime: its text is logged and answered
                    answers.append(f"{type(error).__name__}: {error}")
                said = capfd.readouterr()
                everything = f"{answers}{written.getvalue()}{said.out}{said.err}{_traced(daemon)}"
                everything += "".join(f"{record.getMessage()}{vars(record)}" for record in _foreign(caplog))
                assert SECRET not in everything
                answers.clear()


def _foreign(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What libraries log and Lambda's runtime would print; ours is what was written."""
    return [each for each in caplog.records if each.levelno >= logging.WARNING and each.name != SERVICE]


def _daemon(monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """Where Lambda would run X-Ray's."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind(("127.0.0.1", 0))
    listening.setblocking(False)  # noqa: FBT003 - the socket's own way
    host, port = listening.getsockname()
    monkeypatch.setenv(DAEMON_VARIABLE, f"{host}:{port}")
    monkeypatch.setenv(
        TRACE_VARIABLE, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    )
    return listening


def _traced(daemon: socket.socket) -> str:
    documents = []
    while True:
        try:
            documents.append(daemon.recv(65_536).decode())
        except BlockingIOError:
            return "".join(documents)


def test_what_nobody_expected_tells_no_secret_either(
    service: Service, database: Database, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trace has the text of each exception, whoever raised it."""

    def fail(*_: object) -> NoReturn:
        cause = OSError(f"postgresql://me:{SECRET}@db\n x-amz-security-token:{SECRET}")
        raise LookupError(f"https://s3/k?X-Amz-Signature={SECRET}") from cause

    monkeypatch.setattr(message, "ingest", fail)
    service.invoke(sample_event("s3_put.json"))
    assert "unexpected failure" in log.getvalue()
    assert "postgresql://***@db" in log.getvalue()
    assert SECRET not in log.getvalue()
    with database.transaction() as connection:
        errors = connection.execute("SELECT error FROM processed_files").fetchall()
    assert SECRET not in str(errors)


@linux_only
@pytest.mark.parametrize(
    ("changed", "function"),
    [
        ({"AWS_ENDPOINT_URL": USERINFO}, "HandlerFunction"),
        ({"DB_HOST": f"postgresql://{USERINFO}/db"}, "SweepFunction"),
        ({"DB_PORT": "1"}, "MigrateFunction"),
    ],
)
def test_lambdas_own_log_of_a_failure_holds_no_secret(
    place: Place, tmp_path: Path, changed: dict[str, str], function: str
) -> None:
    deployment.build()
    log = tmp_path / "log"
    with LambdaRuntime(function, place.with_password(SECRET) | changed, log) as lambda_runtime:
        answer = lambda_runtime.invoke(sample_event("s3_put.json") if function == "HandlerFunction" else {})
    assert "errorMessage" in answer
    assert SECRET not in json.dumps(answer)
    assert "[ERROR]" in log.read_text()
    assert SECRET not in log.read_text()
