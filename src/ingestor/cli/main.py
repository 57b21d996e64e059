"""The group and its commands."""

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from ingestor.cli.commands.entries import ENTRIES
from ingestor.cli.support.debugging import library_logs
from ingestor.cli.support.lazy_group import LazyGroup
from ingestor.cli.support.terminal import print_traceback


def _version() -> str:
    try:
        return version("ingestor")
    except PackageNotFoundError:  # run from its sources
        return "(not installed)"


class _Main(LazyGroup):
    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - click's own signature
        sys.excepthook = print_traceback
        return super().main(*args, **kwargs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        stack = ctx.params.get("stack")
        if command is None or not stack:
            return command
        in_stack_of = import_module("ingestor.cli.support.stack").in_stack
        in_stack: click.Command = in_stack_of(command, stack)
        return in_stack


@click.group(
    cls=_Main,
    entries=ENTRIES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(_version(), prog_name="ingestor")
@click.option(
    "--stack",
    metavar="NAME",
    help="Run the command inside the deployed stack. Needs AWS credentials.",
)
@click.option(
    "--debug",
    is_flag=True,
    help="Print tracebacks, and what boto3 and psycopg log, on standard error. Passwords and keys are hidden.",
)
@click.pass_context
def main(ctx: click.Context, *, stack: str | None, debug: bool) -> None:  # noqa: ARG001 - `get_command` reads `stack`
    """Load log files into PostgreSQL: every entry exactly once.

    \b
    Start with a file of your own. Without DB_* variables, an embedded PostgreSQL in .ingestor/ is used:
      ingestor try my.json.gz
      ingestor local my.json.gz
      ingestor psql -c 'SELECT timestamp, level, message FROM logs LIMIT 10'

    \b
    With a database of your own:
      export DB_HOST=… DB_USERNAME=… DB_PASSWORD=…
      ingestor migrate
      ingestor status

    \b
    With a deployed stack; its database need not be reachable from your machine:
      ingestor --stack ingestor-prod status

    Exit status: 0 done, 1 something failed, 2 wrong usage or wrong settings, 75 time limit reached; rerun
    to continue, 130 interrupted.
    """
    if debug:
        ctx.with_resource(library_logs())
