"""The group and its commands."""

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from ingestor.cli.backfill import backfill
from ingestor.cli.connect_bucket import connect_bucket
from ingestor.cli.group import IngestorGroup
from ingestor.cli.ignore import ignore
from ingestor.cli.local import local
from ingestor.cli.migrate import migrate_command
from ingestor.cli.pause import pause, resume
from ingestor.cli.psql import psql
from ingestor.cli.redrive import redrive
from ingestor.cli.reload import reload_command
from ingestor.cli.retry import retry
from ingestor.cli.run import run_command
from ingestor.cli.stack import elsewhere
from ingestor.cli.status import status
from ingestor.cli.sweep import sweep_command
from ingestor.cli.terminal import print_traceback


def _version() -> str:
    try:
        return version("ingestor")
    except PackageNotFoundError:  # run from its sources
        return "of these sources"


class _Main(IngestorGroup):
    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - click's own signature
        sys.excepthook = print_traceback
        return super().main(*args, **kwargs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        stack = ctx.params.get("stack")
        return elsewhere(command, stack) if command is not None and stack else command


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(_version(), prog_name="ingestor")
@click.option(
    "--stack",
    metavar="NAME",
    help="Have the deployed stack do it, beside its database. Needs AWS credentials.",
)
def main(*, stack: str | None) -> None:
    """Log files into PostgreSQL: every entry exactly once.

    \b
    Start with a file of your own; without DB_* variables, a PostgreSQL is embedded in .ingestor/:
      ingestor local my.json.gz
      ingestor psql -c 'SELECT timestamp, level, message FROM logs LIMIT 10'

    \b
    With a database of your own:
      export DB_HOST=… DB_USERNAME=… DB_PASSWORD=…
      ingestor migrate
      ingestor status

    \b
    With a deployed stack, whose database need not be reachable from here:
      ingestor --stack ingestor-prod status

    Exit status: 0 done, 1 something failed, 2 wrong usage or wrong settings, 75 a time limit ended it and
    the same again goes on, 130 interrupted.
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
