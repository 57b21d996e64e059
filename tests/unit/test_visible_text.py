"""Text of others does nothing to a terminal, a log or a program, and says nobody's password."""

import io
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import pytest
from rich.table import Table
from tests.support.documents import ROOT
from tests.support.hostile_keys import CONTROLS, HOSTILE_KEYS, raw_controls

from handler.telemetry import make_telemetry
from ingestor.cli.support.terminal import output, print_json, relayed, say, shown
from ingestor.errors import ConfigurationError, ErrorKind, IngestorError, SourceUnavailableError
from ingestor.visible_text import visible, visible_lines, without_secrets

LONE = {chr(code) for code in range(0xD800, 0xE000)}
EVERYTHING = "".join(sorted(CONTROLS - LONE)) + "\ud800 \udc9b \udfff größe 日志 🎉"
WELL_FORMED = "".join(sorted(CONTROLS - LONE)) + "größe 日志 🎉"


@dataclass(frozen=True)
class Facts:
    key: str
    size: Decimal


def test_each_control_is_escaped_and_letters_of_all_peoples_are_not() -> None:
    assert raw_controls(visible(EVERYTHING)) == set()
    assert visible(EVERYTHING).endswith("größe 日志 🎉")
    assert "\n" not in visible(EVERYTHING)
    assert visible_lines("a\n\x9b31m") == "a\n\\x9b31m"


@pytest.mark.parametrize("kind", [IngestorError, SourceUnavailableError])
def test_an_error_says_what_it_says_in_one_harmless_line(kind: type[IngestorError]) -> None:
    said = str(kind(f"{EVERYTHING}: denied"))
    assert raw_controls(said) == set()
    assert "\n" not in said
    assert said.endswith("🎉: denied")


def test_an_error_of_the_settings_keeps_its_lines() -> None:
    assert str(ConfigurationError("wrong:\n  A: \x1b\n  B")) == "wrong:\n  A: \\x1b\n  B"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("http://user:hunter2@host:1/x", "http://***@host:1/x"),
        ("postgresql://u:p@ss@db/ingestor", "postgresql://***@db/ingestor"),
        ('database "postgres://u:p@db" is not there', 'database "postgres://***@db" is not there'),
        ("s3://bucket/mail@example.com", "s3://bucket/mail@example.com"),
        ("https://b/k?X-Amz-Signature=abc&x=1", "https://b/k?X-Amz-Signature=***&x=1"),
        ("https://b/k?a=1&x-amz-security-token=abc%2F", "https://b/k?a=1&x-amz-security-token=***"),
        ("?AWSAccessKeyId=AK&Signature=s%3D", "?AWSAccessKeyId=***&Signature=***"),
        ("{'X-Amz-Security-Token': b'abc/+=', 'a': 1}", "{'X-Amz-Security-Token': b'***', 'a': 1}"),
        ("host:h\nx-amz-security-token:abc/+=\n\nhost", "host:h\nx-amz-security-token:***\n\nhost"),
        ("host=h password=hunter2 user=u", "host=h password=*** user=u"),
        ("DB_PASSWORD=hunter2", "DB_PASSWORD=***"),
        ("the password is wrong", "the password is wrong"),
        ("user@host:5432/db", "user@host:5432/db"),
    ],
)
def test_what_is_nobodys_to_read_is_left_out(text: str, told: str) -> None:
    assert without_secrets(text) == told
    assert str(IngestorError(text)) == visible(told)


def test_what_a_view_forgot_to_escape_is_escaped_by_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    rows = Table("key", box=None)
    rows.add_row(EVERYTHING.replace("\n", "").replace("[", ""))
    console = output()
    console.print(rows)
    console.print(f"größe 日志 🎉 {HOSTILE_KEYS['eight-bit control']}")
    said = capsys.readouterr().out
    assert raw_controls(said) == set()
    assert "größe 日志 🎉 logs/\\x9b31m\\x9d0;title" in said


def test_what_is_shown_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    for key in HOSTILE_KEYS.values():
        output().print(shown(key), soft_wrap=True)
        assert capsys.readouterr().out == visible(key) + "\n"


def test_a_message_is_one_line_unless_we_have_more(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\nb\x9b", "c\u202e")
    assert capsys.readouterr().err == "ingestor: a\\nb\\x9b\nc\\u202e\n"


def test_json_is_ascii_and_gives_back_what_it_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(Facts(WELL_FORMED, Decimal("12345678901234567890.5")))
    said = capsys.readouterr().out
    assert said.isascii()
    assert raw_controls(said) == set()
    assert json.loads(said)["key"] == WELL_FORMED
    assert '"size":12345678901234567890.5' in said


def test_a_name_that_is_no_utf_8_has_a_replacement_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"na\udc9bme": [ErrorKind.TRANSIENT, ("a\udcffb", Decimal("1.5"), None)]})
    assert capsys.readouterr().out == '{"na\\ufffdme":["transient",["a\\ufffdb",1.5,null]]}\n'


def test_a_json_column_keeps_its_value_and_the_line_stays_one(capsys: pytest.CaptureFixture[str]) -> None:
    column = msgspec.Raw('{\r\n\t"a": ["\x7f\u202e🎉", 1.50]\n}'.encode())
    print_json([{"raw_data": column}])
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert raw_controls(said) == set()
    assert "1.50" in said
    assert json.loads(said) == [{"raw_data": {"a": ["\x7f\u202e🎉", 1.5]}}]


def test_what_a_stack_answered_keeps_its_colours_and_nothing_else() -> None:
    said = relayed("\x1b[1;31mred\x1b[0m größe \x1b[2J\x1b]0;t\x07\x9b31m\u202e\n")
    assert said == "\x1b[1;31mred\x1b[0m größe \\x1b[2J\\x1b]0;t\\x07\\x9b31m\\u202e\n"


def test_a_line_of_the_functions_log_is_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "of this test")
    logger = make_telemetry().logger
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    with logger.append_context_keys(key=EVERYTHING):
        logger.error("failed %s", EVERYTHING, error=EVERYTHING, files=[EVERYTHING])
    (line,) = written.getvalue().splitlines()
    assert line.isascii()
    assert "\x7f" not in line
    facts = json.loads(line)
    assert facts["key"] == facts["error"] == facts["files"][0] == EVERYTHING
    assert facts["message"] == f"failed {EVERYTHING}"


def test_a_line_of_the_functions_log_holds_no_secret_and_names_the_file_exactly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.StringIO()
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "of this test")
    logger = make_telemetry().logger
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    key = "logs/http://a@b/password=1/app.json"
    said = 'conninfo "host=h password=hunter2\\" x-amz-security-token:hunter2\n http://u:hunter2@h'
    with logger.append_context_keys(key=key):
        logger.error("failed: %s", said, error=said, files=[{said: (said, OSError(said))}])
    (line,) = written.getvalue().splitlines()
    facts = json.loads(line)
    assert "hunter2" not in line
    assert facts["key"] == key
    assert facts["error"].startswith('conninfo "host=h password=***')
    assert facts["error"].endswith("http://***@h")


def test_a_mistake_of_ours_prints_its_traceback_harmlessly() -> None:
    code = (
        "from unittest.mock import patch; from ingestor.cli import main\n"
        "with patch('ingestor.cli.commands.status.environment_settings', side_effect=OSError('\\x9b http://u:pw@h')):\n"
        "    main(['status'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "src", capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "OSError: \\x9b http://***@h"
    assert "Traceback (most recent call last):\n" in done.stderr


def test_only_one_module_writes_to_a_terminal() -> None:
    """What is written elsewhere would have to be made harmless there as well.

    `stack` relays what is harmless, and what the package itself says before there is a terminal is constant.
    """
    writes = re.compile(r"\bclick\.s?echo\(|(?<![\w.])print\(|\bConsole\(|sys\.std(out|err)\.write")
    sources = ROOT / "src"
    writing = {
        path.relative_to(sources).as_posix()
        for path in sources.rglob("*.py")
        if writes.search(path.read_text())
    }
    assert writing == {
        "ingestor/cli/__init__.py", "ingestor/cli/support/stack.py", "ingestor/cli/support/terminal.py",
    }  # fmt: skip
