"""The operate function in process: a command's whole output, for whoever can't reach the database."""

import os
import re
from typing import Any

import click
import msgspec
import pytest
from tests.e2e.conftest import FakeContext, time_runs_out_after
from tests.integration.conftest import variables_of
from tests.support.dead_letter_steps import dead_letter_count
from tests.support.hostile_keys import HOSTILE_KEYS, raw_controls
from tests.support.operating import failed_for_good, file_record
from tests.support.sweeping import Place
from tests.support.sweeping import place as make_place

from handler import operate
from handler.failures import UnexpectedError
from handler.operate import lambda_handler
from ingestor.aws.operate_function import Answer, Terminal
from ingestor.cli.support.group import UNFINISHED
from ingestor.cli.support.terminal import relayed
from ingestor.database import ConnectionParameters, Database

WIDE = {"columns": 200, "variables": {"TERM": "xterm-256color"}}


@pytest.fixture
def place(
    database: Database,
    database_parameters: ConnectionParameters,
    s3_server: str,
    s3: Any,  # noqa: ANN401 - boto3 makes its clients at run time
    sqs: Any,  # noqa: ANN401 - the same
    unique_name: Any,  # noqa: ANN401 - a fixture that makes names
    monkeypatch: pytest.MonkeyPatch,
) -> Place:
    made = make_place(database=database, endpoint=s3_server, s3=s3, sqs=sqs, name=unique_name("operate"))
    for name, value in (
        variables_of(database_parameters)
        | {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": s3_server, "BUCKETS": made.bucket}
        | {"QUEUE_URL": made.queue_url, "DLQ_URL": made.dlq_url}
    ).items():
        monkeypatch.setenv(name, value)
    return made


def run(*arguments: str, context: FakeContext | None = None, **more: object) -> Answer:
    event = {"arguments": list(arguments), **more}
    return msgspec.convert(lambda_handler(event, context or FakeContext()), Answer)  # type: ignore[arg-type]  # what we read of it


def test_status_says_what_the_command_line_would(place: Place) -> None:
    failed_for_good(place, "app.json.gz")
    answer = run("status", "--json")
    assert (answer.status, answer.stderr) == (0, "")
    facts = msgspec.json.decode(answer.stdout)
    assert [each["s3_key"] for each in facts["needs_person"]] == ["app.json.gz"]


def test_check_looks_at_what_the_function_works_with(place: Place) -> None:
    answer = run("check", "--json")
    facts = {each["name"]: each for each in msgspec.json.decode(answer.stdout)["checks"]}
    assert (answer.status, answer.stderr) == (1, "")
    assert facts["rights"]["is_ok"]
    assert facts[f"bucket {place.bucket}"]["is_ok"]
    assert "run `ingestor connect-bucket" in facts[f"notification of {place.bucket}"]["said"]


def test_the_advice_names_the_stack(place: Place) -> None:
    failed_for_good(place, "app.json.gz")
    answer = run("status", "app.json.gz", stack="logs-prod")
    assert f"ingestor --stack logs-prod retry s3://{place.bucket}/app.json.gz" in answer.stdout


def test_a_failed_file_is_reopened_sent_and_its_dead_letter_removed(place: Place) -> None:
    failed_for_good(place, "app.json.gz")
    answer = run("retry", "app.json.gz")
    assert "1 file reopened and queued; 1 dead letter removed." in answer.stdout
    assert file_record(place).status == "PENDING"
    assert (place.sent_keys(), dead_letter_count(place)) == (["app.json.gz"], 0)


@pytest.mark.usefixtures("place")
def test_a_failure_is_told_on_standard_error_with_the_commands_own_exit_status() -> None:
    answer = run("status", "nothing-like-it")
    assert answer.status == 1
    assert "not in the ledger" in answer.stderr
    assert run("retry").status == 2


@pytest.mark.parametrize("command", ["psql", "run", "local", "migrate", "pause", "nonsense"])
def test_what_is_not_for_a_stack_is_refused(command: str) -> None:
    answer = run(command)
    assert answer.status == 2
    assert f"No such command '{command}'" in answer.stderr


@pytest.mark.usefixtures("place")
def test_a_terminal_gets_colours_and_its_own_width_and_a_pipe_neither() -> None:
    before = os.environ.get("COLUMNS")
    assert "\x1b[" in run("sweep", "--dry-run", terminal=WIDE).stdout
    assert "\x1b[" not in run("sweep", "--dry-run").stdout
    narrow = run("sweep", "--dry-run", terminal={"columns": 20, "variables": {}}).stdout
    assert max(len(click.unstyle(line)) for line in narrow.splitlines()) <= 20
    assert os.environ.get("COLUMNS") == before


def test_no_other_variable_of_the_caller_is_taken() -> None:
    before = dict(os.environ)
    with operate._terminal(Terminal(columns=80, variables={"DB_HOST": "elsewhere", "TERM": "dumb"})):
        assert os.environ.get("DB_HOST") == before.get("DB_HOST")
        assert os.environ["TERM"] == "dumb"
    assert dict(os.environ) == before


@pytest.mark.usefixtures("place")
def test_a_database_that_is_away_is_an_answer_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PORT", "1")
    answer = run("status")
    assert answer.status == 1
    assert "127.0.0.1:1" in answer.stderr


def test_a_backfill_stops_before_the_function_does_and_goes_on_at_the_next_call(place: Place) -> None:
    for number in range(3):
        place.upload(f"{number}.json")
    assert run("backfill", "--bucket", place.bucket, context=time_runs_out_after(1)).status == UNFINISHED
    assert run(
        "backfill",
        "--bucket",
        place.bucket,
        context=time_runs_out_after(1),
    ).stdout.startswith("0 objects")
    done = run("backfill", "--bucket", place.bucket, "--json")
    assert (done.status, msgspec.json.decode(done.stdout)["new_objects"]) == (0, 3)


def test_a_dry_run_that_is_cut_short_fails_since_it_would_begin_anew(place: Place) -> None:
    place.upload("app.json")
    answer = run("backfill", "--bucket", place.bucket, "--dry-run", context=time_runs_out_after(1))
    assert (answer.status, "longer --prefix" in answer.stderr) == (1, True)


@pytest.mark.usefixtures("place")
def test_an_answer_longer_than_lambda_takes_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operate, "ANSWER_BYTES", 10)
    answer = run("status", "--json")
    assert (answer.status, answer.stdout) == (1, "")
    assert "larger than a function may return" in answer.stderr


def test_an_event_that_is_no_request_is_refused() -> None:
    with pytest.raises(UnexpectedError, match="arguments"):
        lambda_handler({"command": "status"}, FakeContext())  # type: ignore[arg-type]  # what we read of it


@pytest.mark.parametrize("terminal", [None, WIDE])
def test_no_key_does_anything_to_the_terminal_it_is_shown_on(
    place: Place, terminal: dict[str, object] | None
) -> None:
    failed_for_good(place, *HOSTILE_KEYS.values())
    for arguments in (("status",), ("status", "--json"), ("retry", "--failed", "--dry-run"), ("redrive",)):
        answer = run(*arguments, terminal=terminal)
        assert answer.status == 0, answer
        shown = re.sub(r"\x1b\[[0-9;]*m", "", answer.stdout) if terminal else answer.stdout
        assert raw_controls(shown) | raw_controls(answer.stderr) == set()
        assert relayed(answer.stdout) == answer.stdout
