"""A group whose commands are imported when they are called, or when their own help is asked for.

The group's help lists names and summaries without importing any: boto3, psycopg and pydantic take half a second.
"""

import difflib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ingestor.cli.support.group import IngestorGroup


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A command's place. `runs_in_stack`: the operate function can run it, for `--stack`."""

    name: str
    module: str
    attribute: str
    summary: str
    runs_in_stack: bool = False

    def imported(self) -> click.Command:
        command: click.Command = getattr(import_module(self.module), self.attribute)
        return command


class LazyGroup(IngestorGroup):
    def __init__(self, *args: Any, entries: Sequence[CommandEntry] = (), **kwargs: Any) -> None:  # noqa: ANN401 - click's own signature
        super().__init__(*args, **kwargs)
        self._entries = {entry.name: entry for entry in entries}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._entries})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self._entries.get(cmd_name)
        return super().get_command(ctx, cmd_name) if entry is None else entry.imported()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """An unknown command gets the one that is nearly it, and a file the command that loads it."""
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx):
            ctx.fail(f"No such command {name!r}.{self._meant(ctx, name, args)}")
        return super().resolve_command(ctx, args)

    def _meant(self, ctx: click.Context, name: str, args: list[str]) -> str:
        near = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
        if near:
            return f" Did you mean {near[0]!r}?"
        if Path(name).exists():
            return f" To load a file: ingestor local {shlex.join(args)}"
        return ""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, self._summary(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _summary(self, ctx: click.Context, name: str) -> str:
        entry = self._entries.get(name)
        if entry is not None:
            return entry.summary
        command = super().get_command(ctx, name)
        return "" if command is None else command.get_short_help_str(limit=1_000)
