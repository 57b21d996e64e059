"""Whatever fails: no password, key, token or signature is in anything that a command printed."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.support.secret_scenarios import SECRET

from ingestor.cli import main

COMMANDS = (
    ("migrate",),
    ("status",),
    ("status", "--json"),
    ("local", "app.json"),
    ("psql", "-c", "SELECT 1"),
    ("psql", "--json", "-c", "SELECT 1"),
    ("run", "--bucket", "my-logs", "--wait", "0s"),
    ("run", "--bucket", "my-logs", "--wait", "1s", "--json"),
    ("backfill", "--bucket", "my-logs", "--dry-run"),
    ("sweep",),
    ("sweep", "--json"),
    ("redrive",),
    ("retry", "--failed"),
    ("ignore", "app.json", "--reason", "x"),
    ("connect-bucket", "--bucket", "my-logs", "--queue-arn", "arn:aws:sqs:us-east-1:1:q"),
    ("pause", "--function", "ours"),
    ("check",),
    ("check", "--json"),
    ("--stack", "ours", "status"),
)


def test_a_command_tells_no_secret(
    trouble: Mapping[str, str],  # noqa: ARG001 - it is the environment's
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    subtests: pytest.Subtests,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("app.json").write_text('{"time":1795432855268}\n')
    for command in COMMANDS:
        with subtests.test(" ".join(command)):
            with pytest.raises(SystemExit):
                main.main(list(command), prog_name="ingestor")
            said = capfd.readouterr()
            assert SECRET not in said.out + said.err
            assert "Traceback" not in said.err


def test_debugging_tells_no_secret_either(
    trouble: Mapping[str, str],  # noqa: ARG001 - it is the environment's
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    subtests: pytest.Subtests,
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("check",), ("status",), ("sweep",), ("--stack", "ours", "status")):
        with subtests.test(" ".join(command)):
            with pytest.raises(SystemExit):
                main.main(["--debug", *command], prog_name="ingestor")
            said = capfd.readouterr()
            assert SECRET not in said.out + said.err
