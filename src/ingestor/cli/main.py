"""The group and its commands."""

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from ingestor.cli.commands.backfill import backfill
from ingestor.cli.commands.connect_bucket import connect_bucket
from ingestor.cli.commands.ignore import ignore
from ingestor.cli.commands.local import local
from ingestor.cli.commands.migrate import migrate_command
from ingestor.cli.commands.pause import pause, resume
from ingestor.cli.commands.psql import psql
from ingestor.cli.commands.redrive import redrive
from ingestor.cli.commands.reload import reload_command
from ingestor.cli.commands.retry import retry
from ingestor.cli.commands.run import run_command
from ingestor.cli.commands.status import status
from ingestor.cli.commands.sweep import sweep_command
from ingestor.cli.support.group import IngestorGroup
from ingestor.cli.support.stack import in_stack
from ingestor.cli.support.terminal import print_traceback


def _version() -> str:
    try:
        return version("ingestor")
    except PackageNotFoundError:  # run from its sources
        return "(not installed)"


class _Main(IngestorGroup):
    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - click's own signature
        sys.excepthook = print_traceback
        return super().main(*args, **kwargs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        stack = ctx.params.get("stack")
        return in_stack(command, stack) if command is not None and stack else command


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(_version(), prog_name="ingestor")
@click.option(
    "--stack",
    metavar="NAME",
    help="Run the command inside the deployed stack. Needs AWS credentials.",
)
def main(*, stack: str | None) -> None:
    """Load log files into PostgreSQL: every entry exactly once.

    \b
    Start with a file of your own. Without DB_* variables, an embedded PostgreSQL in .ingestor/ is used:
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


for command in (
    local,
    status,
    psql,
    migrate_command,
    run_command,
    backfill,
    sweep_command,
    retry,
    redrive,
    reload_command,
    ignore,
    pause,
    resume,
    connect_bucket,
):
    main.add_command(command)
