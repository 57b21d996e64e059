"""`ingestor --stack NAME COMMAND`: the stack's operate function runs the command, and its output is printed."""

import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any

import click

from ingestor.aws.operate_function import (
    TERMINAL_VARIABLES,
    Answer,
    CommandRequest,
    OperateFunction,
    Terminal,
    function_name,
)
from ingestor.bootstrap import operating
from ingestor.cli.commands.entries import STACK_ENTRIES
from ingestor.cli.support.database_choice import environment_settings
from ingestor.cli.support.group import UNFINISHED
from ingestor.cli.support.terminal import relayed


def in_stack(command: click.Command, stack: str) -> click.Command:
    """The same command, with the same options and help, run in the stack."""
    names = [entry.name for entry in STACK_ENTRIES]
    if command.name not in names:
        raise click.UsageError(
            f"`ingestor {command.name}` doesn't support --stack. These commands do: {', '.join(names)}"
        )
    return _StackCommand(command, stack)


class _StackCommand(click.Command):
    def __init__(self, command: click.Command, stack: str) -> None:
        super().__init__(command.name, params=command.params, help=command.help)
        self._stack = stack
        self._arguments: list[str] = []

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses on this machine as well, so that help and wrong usage need no stack."""
        self._arguments = [str(self.name), *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        function = operating.operate_function(environment_settings(), function_name(self._stack))
        ctx.exit(_run(function, self._stack, self._arguments))


def _run(function: OperateFunction, stack: str, arguments: Sequence[str]) -> int:
    """Returns the exit status. A command that reached the function's time limit is run again to continue."""
    request = CommandRequest(arguments=list(arguments), stack=stack, terminal=_terminal())
    while True:
        answer = function.run(request)
        _print(answer)
        if answer.status != UNFINISHED:
            return answer.status


def _print(answer: Answer) -> None:
    click.echo(relayed(answer.stderr), nl=False, err=True)
    click.echo(relayed(answer.stdout), nl=False)


def _terminal() -> Terminal | None:
    if not sys.stdout.isatty():
        return None
    variables = {name: os.environ[name] for name in TERMINAL_VARIABLES if name in os.environ}
    return Terminal(columns=shutil.get_terminal_size().columns, variables=variables)
