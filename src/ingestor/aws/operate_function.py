"""The stack's operate function runs commands beside a database that can't be reached from outside."""

import json
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from ingestor.aws.errors import service_error
from ingestor.errors import IngestorError, ServiceUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


TERMINAL_VARIABLES = ("TERM", "COLORTERM", "NO_COLOR")
"""The variables of the caller's environment that are sent along."""


class Terminal(msgspec.Struct, frozen=True, kw_only=True):
    """Of the person who asks: `variables` are TERMINAL_VARIABLES, as far as they are set."""

    columns: int
    variables: dict[str, str] = {}


class CommandRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`arguments` as after `ingestor`; no terminal: plain text, unwrapped. `stack` is for the advice in the output."""

    arguments: list[str]
    stack: str | None = None
    terminal: Terminal | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the command wrote, and its exit status."""

    status: int
    stdout: str
    stderr: str


class OperateFunction:
    """`name` of the function, in the client's region and account."""

    def __init__(self, client: "LambdaClient", name: str) -> None:
        self._client = client
        self._name = name

    def run(self, request: CommandRequest) -> Answer:
        """Raises IngestorError where there is no such function or it broke, ServiceUnavailableError."""
        try:
            answer = self._client.invoke(FunctionName=self._name, Payload=msgspec.json.encode(request))
            payload = answer["Payload"].read()
        except (BotoCoreError, ClientError) as error:
            raise self._translated(error) from error
        if answer.get("FunctionError"):
            raise IngestorError(f"function {self._name} broke: {_error_message(payload)}")
        try:
            return msgspec.json.decode(payload, type=Answer)
        except msgspec.MsgspecError as error:
            raise IngestorError(f"function {self._name}: is no operate function of ours: {error}") from error

    def _translated(self, error: BotoCoreError | ClientError) -> IngestorError:
        what = f"function {self._name}"
        if isinstance(error, ReadTimeoutError):
            return ServiceUnavailableError(
                f"{what}: did not answer; what it began may be done or not: look again"
            )
        none = IngestorError(
            f"{what}: there is none in this region and account; is the stack's name right, and AWS_REGION?"
        )
        return service_error(
            what, error, answers={"ResourceNotFoundException": none}, needs="lambda:InvokeFunction"
        )


def function_name(stack: str) -> str:
    """As template.yaml has it."""
    return f"{stack}-operate"


def _error_message(payload: bytes) -> str:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    try:
        return str(json.loads(payload)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return payload.decode("utf-8", "replace")
