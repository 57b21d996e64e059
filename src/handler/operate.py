"""The Lambda function that runs a command for `ingestor --stack NAME COMMAND …`.

Whoever may invoke it may do all that its commands do: https://docs.aws.amazon.com/lambda/latest/dg/access-control-identity-based.html
"""

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from aws_lambda_powertools import Logger

from handler.failures import with_harmless_failures
from handler.invocation import invocation_deadline
from handler.telemetry import make_telemetry
from ingestor.aws.operate_function import TERMINAL_VARIABLES, Answer, CommandRequest, Terminal
from ingestor.cli.commands.entries import STACK_ENTRIES
from ingestor.cli.support.context import CommandContext
from ingestor.cli.support.group import FAILED, WRONG_USAGE
from ingestor.cli.support.lazy_group import LazyGroup
from ingestor.deadline import Deadline
from ingestor.errors import ConfigurationError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

ANSWER_BYTES = 4 * 1024 * 1024
"""Lambda answers with 6 MB at most, and JSON escapes some characters.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

_group = LazyGroup("ingestor", entries=STACK_ENTRIES)


@with_harmless_failures
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answers a `CommandRequest` with an `Answer`. Raises UnexpectedError where the event is no `CommandRequest`."""
    request = msgspec.convert(event, CommandRequest)
    log = _logger()
    log.append_keys(request_id=context.aws_request_id)
    try:
        answer = _run(request, invocation_deadline(context))
    except ConfigurationError as error:
        answer = Answer(status=WRONG_USAGE, stdout="", stderr=f"ingestor: {error}\n")
    # CloudTrail records who asked; this line records what was asked and how it ended.
    log.info("operated", arguments=request.arguments, status=answer.status)
    plain: dict[str, Any] = msgspec.to_builtins(answer)
    return plain


@cache
def _logger() -> Logger:
    return make_telemetry().logger


def _run(request: CommandRequest, deadline: Deadline) -> Answer:
    output, messages = _Stream(is_terminal=request.terminal is not None), _Stream(is_terminal=False)
    with _terminal(request.terminal), redirect_stdout(output), redirect_stderr(messages):
        status = _status(request, CommandContext(deadline, request.stack))
    text = output.text()
    if len(text.encode()) > ANSWER_BYTES:
        messages.write("ingestor: done, but the output is larger than a function may return; ask for less\n")
        text, status = "", status or FAILED
    return Answer(status=status, stdout=text, stderr=messages.text())


def _status(request: CommandRequest, context: CommandContext) -> int:
    try:
        _group.main(list(request.arguments), prog_name="ingestor", obj=context)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED


class _Stream(io.TextIOWrapper):
    """Standard output for as long as a command runs; bytes and text alike, and coloured for a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def text(self) -> str:
        self.seek(0)
        return self.read()


@contextmanager
def _terminal(terminal: Terminal | None) -> Iterator[None]:
    """As rich finds it: https://rich.readthedocs.io/en/stable/console.html#environment-variables"""
    given: Mapping[str, str] = terminal.variables if terminal is not None else {}
    variables = {name: value for name, value in given.items() if name in TERMINAL_VARIABLES}
    if terminal is not None:
        variables["COLUMNS"] = str(terminal.columns)
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
