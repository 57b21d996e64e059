"""Whatever fails: no password, key, token or signature is in what a function logged, traced or answered."""

import io
import json
import logging
import socket
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import pytest
from demo import deployment
from tests.e2e.conftest import FakeContext, Service, sample_event
from tests.e2e.test_artefact import linux_only
from tests.support.lambda_runtime import LambdaRuntime
from tests.support.secret_scenarios import SECRET, USERINFO, Installation

from handler import message, migrate, object_created, operate, sweep
from handler.custom_resource import CustomResource
from handler.telemetry import SERVICE, make_telemetry
from handler.tracing import DAEMON_VARIABLE, TRACE_VARIABLE
from ingestor.database import Database

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
    place: Installation, tmp_path: Path, changed: dict[str, str], function: str
) -> None:
    deployment.build()
    log = tmp_path / "log"
    with LambdaRuntime(function, place.with_password(SECRET) | changed, log) as lambda_runtime:
        answer = lambda_runtime.invoke(sample_event("s3_put.json") if function == "HandlerFunction" else {})
    assert "errorMessage" in answer
    assert SECRET not in json.dumps(answer)
    assert "[ERROR]" in log.read_text()
    assert SECRET not in log.read_text()
