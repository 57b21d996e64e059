"""Every command: wrong usage, wrong settings, no database, no secret in any word of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.conftest import CommandLine, variables_of

from ingestor.database import ConnectionParameters

SECRET = "correct-horse-battery"
EVERY_COMMAND = (
    ["migrate"],
    ["local", "app.json"],
    ["status"],
    ["status", "KEY"],
    ["psql", "--json", "-c", "SELECT 1"],
)


@pytest.fixture
def bare(tmp_path: Path) -> CommandLine:
    """No DB_* variable at all."""
    (tmp_path / "app.json").write_text('{"time":1795432855268}\n')
    return CommandLine(tmp_path, {})


@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_no_database_is_one_clear_line_without_the_password(bare: CommandLine, arguments: list[str]) -> None:
    done = bare(*arguments, DB_HOST="127.0.0.1", DB_PORT="1", DB_USERNAME="me", DB_PASSWORD=SECRET)
    assert (done.status, done.stdout) == (1, "")
    assert "ingestor: me@127.0.0.1:1/ingestor: " in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert SECRET not in done.stderr


@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_a_refused_login_does_not_tell_the_password(
    bare: CommandLine, postgres: ConnectionParameters, arguments: list[str]
) -> None:
    done = bare.using(variables_of(replace(postgres, password=SECRET)))(*arguments)
    assert done.status == 1
    assert "password authentication failed" in done.stderr
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_wrong_settings_are_all_said_at_once(bare: CommandLine, arguments: list[str]) -> None:
    done = bare(*arguments, DB_PORT="port", CHUNK_ROWS="many", DB_PASSWORD=SECRET)
    assert (done.status, done.stdout) == (2, "")
    assert "DB_PORT" in done.stderr
    assert "CHUNK_ROWS" in done.stderr
    assert SECRET not in done.stderr


@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_half_of_a_database_is_not_replaced_by_an_embedded_one(
    bare: CommandLine, arguments: list[str]
) -> None:
    done = bare(*arguments, DB_PASSWORD=SECRET)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == "ingestor: not set: DB_HOST, DB_USERNAME\n"
    assert not (bare.folder / ".ingestor").exists()


def test_migrate_names_every_missing_variable(bare: CommandLine) -> None:
    done = bare("migrate")
    assert done.status == 2
    assert done.stderr == "ingestor: not set: DB_HOST, DB_USERNAME, DB_PASSWORD\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["local"],
        ["local", "-", "-"],
        ["nonsense"],
        ["status", "a", "b"],
        ["migrate", "--nonsense"],
        ["local", "--nope", "f"],
    ],
)
def test_wrong_usage_exits_with_2(bare: CommandLine, arguments: list[str]) -> None:
    done = bare(*arguments)
    assert (done.status, done.stdout) == (2, "")
    assert "Usage: ingestor" in done.stderr
    assert not (bare.folder / ".ingestor").exists()


@pytest.mark.parametrize("command", ["migrate", "local", "status", "psql"])
def test_every_help_text_has_an_example_and_json(bare: CommandLine, command: str) -> None:
    done = bare(command, "--help")
    assert done.status == 0
    assert f"ingestor {command}" in done.stdout.partition("Example")[2]
    assert "--json" in done.stdout


def test_the_version_is_told(bare: CommandLine) -> None:
    done = bare("--version")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.startswith("ingestor, version ")


@pytest.mark.parametrize("arguments", [["local", "app.json"], ["status"]])
def test_an_unmigrated_database_says_what_to_run(
    bare: CommandLine, postgres: ConnectionParameters, arguments: list[str]
) -> None:
    done = bare.using(variables_of(postgres))(*arguments)
    assert done.status == 1
    assert "Run `ingestor migrate`" in done.stderr
    assert "Traceback" not in done.stderr


def test_migrate_tells_what_it_applied_and_what_was_there(
    bare: CommandLine, database_parameters: ConnectionParameters
) -> None:
    ingestor = bare.using(variables_of(database_parameters) | {"DB_SCHEMA": "fresh"})
    first = ingestor("migrate")
    assert first.status == 0
    assert "0001_ledger.sql" in first.stdout
    assert "already applied" not in first.stdout
    again = ingestor("migrate", "--json")
    assert again.status == 0
    assert {each["is_new"] for each in again.json["migrations"]} == {False}
    assert again.json["migrations"][0] == {"version": 1, "name": "0001_ledger.sql", "is_new": False}
    assert again.json["partitions_created"] == 0


@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_a_mistyped_variable_ends_every_command(bare: CommandLine, arguments: list[str]) -> None:
    done = bare(*arguments, DB_USER=SECRET)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == "ingestor: DB_USER is not a setting; did you mean DB_USERNAME?\n"
    assert not (bare.folder / ".ingestor").exists()


@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_an_unknown_database_variable_is_warned_of_once_and_no_database_embedded(
    bare: CommandLine, arguments: list[str]
) -> None:
    done = bare(*arguments, DB_TYPE=SECRET)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == (
        "ingestor: not settings of Ingestor, and ignored: DB_TYPE\n"
        "ingestor: not set: DB_HOST, DB_USERNAME, DB_PASSWORD\n"
    )
    assert not (bare.folder / ".ingestor").exists()


@pytest.mark.parametrize(
    ("command", "given", "advice"),
    [
        ("run", "s3://b/api", "give the name only: --bucket b --prefix api"),
        ("backfill", "s3://b", "give the name only: --bucket b"),
        ("run", "b/api/v1", "give the name only: --bucket b --prefix api/v1"),
        ("connect-bucket", "s3://b/", "give the name only: --bucket b"),
    ],
)
def test_a_bucket_given_as_an_address_is_wrong_usage(
    bare: CommandLine, command: str, given: str, advice: str
) -> None:
    done = bare(command, "--bucket", given)
    assert (done.status, done.stderr.endswith(f"{advice}\n")) == (2, True)
