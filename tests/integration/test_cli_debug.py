"""`ingestor --debug`: the traceback and the libraries' logs of a failure, and no secret in them."""

import logging

from click.testing import CliRunner
from tests.integration.conftest import CommandLine
from tests.support.operating import at
from tests.support.sweeping import Place

from ingestor.cli import main
from ingestor.cli.support.debugging import library_logs

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "hunter2/key"}
TOKEN = {"AWS_SESSION_TOKEN": "hunter2/token+="}


def test_a_failure_of_one_sentence_shows_its_traceback_and_still_its_sentence(ingestor: CommandLine) -> None:
    usual = ingestor("status", DB_PORT="1")
    assert (usual.status, usual.stderr.count("\n")) == (1, 1)
    debugged = ingestor("--debug", "status", DB_PORT="1")
    assert (debugged.status, debugged.stdout) == (1, "")
    assert "Traceback (most recent call last)" in debugged.stderr
    assert "psycopg.OperationalError" in debugged.stderr
    assert debugged.stderr.endswith(usual.stderr)


def test_wrong_settings_show_theirs_too(ingestor: CommandLine) -> None:
    debugged = ingestor("--debug", "status", DB_PORT="none")
    assert debugged.status == 2
    assert "Traceback (most recent call last)" in debugged.stderr


def test_what_psycopg_and_boto3_log_is_on_standard_error(place: Place, ingestor: CommandLine) -> None:
    command = at(place, ingestor)
    usual, debugged = command("check", "--json"), command("--debug", "check", "--json")
    assert debugged.stdout == usual.stdout
    assert usual.stderr == ""
    assert "DEBUG psycopg: connection succeeded" in debugged.stderr
    assert "DEBUG botocore." in debugged.stderr
    assert "DEBUG urllib3.connectionpool" in debugged.stderr


def test_neither_keys_nor_tokens_nor_signatures_are_among_it(place: Place, ingestor: CommandLine) -> None:
    debugged = at(place, ingestor).using(KEYS | TOKEN)("--debug", "sweep")
    assert "DEBUG botocore." in debugged.stderr
    assert "hunter2" not in debugged.stdout + debugged.stderr
    assert "Signature=" not in debugged.stderr


def test_the_password_is_hidden_wherever_it_stands(ingestor: CommandLine) -> None:
    debugged = ingestor("--debug", "status", DB_PORT="1", DB_PASSWORD="127.0.0.1")
    assert "Traceback" in debugged.stderr
    traced = debugged.stderr.partition("ingestor: ")[0]
    assert "127.0.0.1" not in traced
    assert "***" in traced


def test_a_program_that_runs_a_command_keeps_its_own_logging() -> None:
    logger = logging.getLogger("botocore")
    before = (logger.level, list(logger.handlers))
    CliRunner().invoke(main, ["--debug", "check"], env={"DB_PORT": "none"})
    assert (logger.level, list(logger.handlers)) == before
    with library_logs():
        assert logger.handlers != before[1]
    assert (logger.level, list(logger.handlers)) == before
