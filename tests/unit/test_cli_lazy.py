"""A command is imported when it is called; the group's help knows each command without importing any."""

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from ingestor.cli import main
from ingestor.cli.commands.entries import ENTRIES, STACK_ENTRIES
from ingestor.cli.support.lazy_group import CommandEntry

IMPORTED = """
import json, sys
from ingestor.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
print(json.dumps(sorted(name for name in sys.modules if name.startswith("ingestor.cli.commands."))))
"""


def imported(*arguments: str) -> tuple[set[str], set[str]]:
    """Packages, and modules of commands."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments], capture_output=True, text=True, check=True
    )
    packages, commands = done.stdout.splitlines()[-2:]
    return set(json.loads(packages)), set(json.loads(commands))


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_imports_no_command_and_none_of_the_large_packages(argument: str) -> None:
    packages, commands = imported(argument)
    assert commands == {"ingestor.cli.commands.entries"}
    assert not packages & {"boto3", "botocore", "psycopg", "pydantic"}


@pytest.mark.parametrize("command", ["local", "status", "psql", "migrate"])
def test_what_a_database_alone_needs_does_without_boto3(command: str) -> None:
    packages, commands = imported(command, "--help")
    assert commands == {"ingestor.cli.commands.entries", f"ingestor.cli.commands.{command}"}
    assert "boto3" not in packages


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_says_what_its_command_says(entry: CommandEntry) -> None:
    command = entry.imported()
    assert (command.name, command.get_short_help_str(limit=1_000)) == (entry.name, entry.summary)


def test_the_help_lists_every_command_with_its_summary() -> None:
    said = " ".join(CliRunner().invoke(main, ["--help"]).output.split())
    for entry in ENTRIES:
        assert f" {entry.name} {entry.summary}" in said
    assert main.list_commands(click.Context(main)) == sorted(entry.name for entry in ENTRIES)


def test_an_unknown_command_is_wrong_usage() -> None:
    assert CliRunner().invoke(main, ["nonsense"]).exit_code == 2


def test_a_stack_runs_only_what_needs_nothing_of_this_machine() -> None:
    names = {entry.name for entry in STACK_ENTRIES}
    assert names == {"status", "retry", "redrive", "reload", "ignore", "sweep", "backfill", "check"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["locl", "my.json"], "Did you mean 'local'?"),
        (["stats"], "Did you mean 'status'?"),
        ([__file__, "a b"], f"To load a file: ingestor local {__file__} 'a b'"),
        (["nonsense"], "No such command 'nonsense'.\n"),
        (["--stack", "s", "redriev"], "Did you mean 'redrive'?"),
    ],
)
def test_a_mistyped_command_gets_the_one_that_was_meant(arguments: list[str], said: str) -> None:
    answer = CliRunner().invoke(main, arguments)
    assert answer.exit_code == 2
    assert said in answer.output
