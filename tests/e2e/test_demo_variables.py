"""What `make demo KEEP=1` and `make up` print works as it is: every variable, and only commands that are there."""

import io
import re
import shlex
import signal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from demo import run, up
from demo.containers import Reach
from demo.deployment import Stack
from demo.environment import DemoEnvironment
from rich.console import Console

from ingestor.cli import main
from ingestor.database import ConnectionParameters
from ingestor.settings import Settings

OURS = ConnectionParameters("127.0.0.1", 5432, "ingestor", "me", "it's $1", sslmode="disable")
QUEUE, LETTERS = "http://127.0.0.1:4566/0/ingestor", "http://127.0.0.1:4566/0/ingestor-dlq"


@pytest.fixture
def environment() -> DemoEnvironment:
    return cast(DemoEnvironment, SimpleNamespace(cloud=SimpleNamespace(endpoint="http://127.0.0.1:4566")))


def printed(out: Console) -> str:
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def of_the_demo(environment: DemoEnvironment, monkeypatch: pytest.MonkeyPatch) -> str:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(signal, "pause", interrupted)
    out = Console(file=io.StringIO(), width=140)
    stack = Stack("ingestor-demo", "logs", QUEUE, LETTERS, "handler", "group", "migrate", "sweep")
    run.Demo(out, environment)._stay(stack, OURS)
    return printed(out)


def of_make_up(environment: DemoEnvironment) -> str:
    out = Console(file=io.StringIO(), width=140)
    up._report(out, environment, OURS, Reach(None, None))
    return printed(out)


def variables(said: str) -> dict[str, str]:
    lines = [line for line in said.splitlines() if line.startswith("  export ")]
    return dict(word.split("=", 1) for line in lines for word in shlex.split(line)[1:])


def commands(said: str) -> list[Any]:
    named = re.findall(r"\.venv/bin/ingestor (?:--stack \S+ )?(\S+)", said)
    return [main.get_command(cast(Any, SimpleNamespace(params={})), name) for name in named]


def test_every_variable_is_printed_and_is_a_setting(
    environment: DemoEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for said in (of_the_demo(environment, monkeypatch), of_make_up(environment)):
        settings = Settings.from_environment(variables(said))
        settings.require("db_host", "db_username", "db_password", "buckets", "queue_url", "dlq_url")
        assert variables(said)["DB_PASSWORD"] == OURS.password
        assert variables(said)["AWS_REGION"]
        assert None not in commands(said)


def test_the_demo_names_its_stack(environment: DemoEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ".venv/bin/ingestor --stack ingestor-demo status" in of_the_demo(environment, monkeypatch)
    assert "aws s3 cp" not in of_the_demo(environment, monkeypatch)
