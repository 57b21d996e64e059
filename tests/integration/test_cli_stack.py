"""`ingestor --stack`: what is decided on this machine; tests/e2e has the function's part."""

import io
import json
import os
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from tests.integration.conftest import CommandLine

from ingestor.aws.operate_function import Answer, CommandRequest, OperateFunction, function_name
from ingestor.cli.support import stack
from ingestor.errors import IngestorError, ServiceUnavailableError

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1"}
STATUS = CommandRequest(arguments=["status"])


def answering(payload: bytes, **more: str) -> OperateFunction:
    """A function whose answer is this, as AWS' service would say it."""
    client, stub = stubbed()
    stub.add_response(
        "invoke", {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(payload), len(payload)), **more}
    )
    return OperateFunction(client, "logs-operate")


def refusing(code: str) -> OperateFunction:
    client, stub = stubbed()
    stub.add_client_error("invoke", code, "said so")
    return OperateFunction(client, "logs-operate")


def stubbed() -> tuple[Any, Stubber]:
    client = boto3.client("lambda", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    stub.activate()
    return client, stub


def test_the_name_is_the_templates() -> None:
    assert function_name("logs") == "logs-operate"


def test_what_the_command_wrote_comes_back() -> None:
    said = json.dumps({"status": 1, "stdout": "rows\n", "stderr": "ingestor: oh\n"}).encode()
    assert answering(said).run(STATUS) == Answer(status=1, stdout="rows\n", stderr="ingestor: oh\n")


def test_a_function_that_broke_says_why() -> None:
    broken = answering(b'{"errorMessage": "Task timed out after 300.00 seconds"}', FunctionError="Unhandled")
    with pytest.raises(IngestorError, match=r"logs-operate broke: Task timed out after 300.00 seconds"):
        broken.run(STATUS)


@pytest.mark.parametrize("payload", [b"null", b'"hello"', b'{"statusCode": 200}', b"\xff"])
def test_another_function_is_not_taken_for_ours(payload: bytes) -> None:
    with pytest.raises(IngestorError, match="no operate function of ours"):
        answering(payload).run(STATUS)


def test_a_wrong_name_and_a_missing_permission_are_told_apart() -> None:
    with pytest.raises(IngestorError, match=r"is the stack's name right, and AWS_REGION"):
        refusing("ResourceNotFoundException").run(STATUS)
    with pytest.raises(
        ServiceUnavailableError, match=r"access denied: .*; the role needs lambda:InvokeFunction"
    ):
        refusing("AccessDeniedException").run(STATUS)
    with pytest.raises(ServiceUnavailableError, match=r"logs-operate: .*TooManyRequests"):
        refusing("TooManyRequestsException").run(STATUS)


@pytest.mark.parametrize("command", ["psql", "local", "run", "migrate", "pause", "connect-bucket"])
def test_commands_of_this_machine_are_not_sent(ingestor: CommandLine, command: str) -> None:
    done = ingestor("--stack", "logs", command)
    assert done.status == 2
    assert f"`ingestor {command}` doesn't support --stack. These commands do: status, backfill" in done.stderr


def test_help_and_wrong_usage_need_no_stack(ingestor: CommandLine) -> None:
    assert "Load failed files again" in ingestor("--stack", "logs", "retry", "--help").stdout
    wrong = ingestor("--stack", "logs", "ignore", "app.json.gz")
    assert (wrong.status, "--reason" in wrong.stderr) == (2, True)


def test_a_stack_that_is_not_there_is_one_clear_line(ingestor: CommandLine, s3_server: str) -> None:
    done = ingestor.using(CREDENTIALS | {"AWS_ENDPOINT_URL": s3_server})("--stack", "logs", "status")
    assert done.status == 1
    assert done.stderr.startswith("ingestor: function logs-operate: there is none in this region and account")
    assert done.stderr.count("\n") == 1


def test_a_terminal_that_does_not_know_its_width_gets_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("sys.stdout", _Terminal())
    monkeypatch.setattr("os.get_terminal_size", lambda *_: os.terminal_size((0, 0)))
    terminal = stack._terminal()
    assert terminal is not None
    assert terminal.columns == 80


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
