"""`[[test]]` of ingestor.toml, which `ingestor try --test` runs."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.support.configured import mistakes_in

from ingestor.cli import main

RULES = """
[[rule]]
key = "billing/*"
format = "json"
columns = { timestamp = ["when"], request_id = ["cid"] }

[[rule]]
key = "tmp/*"
skip = true
"""
GOOD = """
[[test]]
name = "billing"
key = "billing/a.json"
format = "json"
input = '''
{"when":"2026-11-24T12:00:00+01:00","level":"warn","msg":"paid","cid":"c-1","req":{"headers":{"a":[1]}},"n":1.5}
{"nothing":1}
'''
expect = [
  { COLUMNS },
  { rejected = "no time in the entry" },
]
""".replace(
    "COLUMNS",
    'timestamp = 2026-11-24T11:00:00Z, severity = 13, message = "paid", request_id = "c-1", '
    'headers = { a = [1] }, absent = ["url"]',
)

type RunTests = Callable[..., Result]


@pytest.fixture
def run_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunTests:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INGESTOR_CONFIG", raising=False)

    def run(text: str, *arguments: str) -> Result:
        (tmp_path / "ingestor.toml").write_text(text)
        return CliRunner().invoke(main, ["try", "--test", *arguments])

    return run


def differences(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.stdout)["differences"]
    return found


def test_what_comes_out_as_expected_passes(run_tests: RunTests) -> None:
    done = run_tests(RULES + GOOD)
    assert (done.exit_code, done.stdout) == (0, "ok      billing\n1 test, 0 failed\n")


@pytest.mark.parametrize(
    ("before", "after", "what", "expected", "got"),
    [
        ("severity = 13", "severity = 9", "severity", "9", "13"),
        ('message = "paid"', 'message = "x"', "message", '"x"', '"paid"'),
        ("11:00:00Z", "12:00:00Z", "timestamp", "2026-11-24T12:00:00+00:00", "2026-11-24T11:00:00+00:00"),
        ("a = [1] }", "a = [2] }", "headers", '{"a": [2]}', '{"a": [1]}'),
        ('absent = ["url"]', 'absent = ["message"]', "message", "nothing", '"paid"'),
        ('absent = ["url"]', 'url = "/"', "url", '"/"', "nothing"),
        (
            'rejected = "no time',
            'rejected = "no space',
            "entry",
            "rejected: …no space in the entry…",
            "rejected: no time",
        ),
        ('{ rejected = "no time in the entry" }', "{}", "entry", "a row", "rejected: no time in the entry"),
        (
            '  { rejected = "no time in the entry" },\n',
            "",
            "entry",
            "nothing",
            "one more, and perhaps others",
        ),
        ('"no time in the entry" },\n', '"no time in the entry" }, {},\n', "entry", "a row", "nothing"),
        ('format = "json"\ninput', 'format = "csv"\ninput', "format", "csv", "json"),
        ('key = "billing/a.json"', 'key = "tmp/a.json"', "format", "json", "skip"),
    ],
)
def test_each_difference_is_told_with_what_was_expected(
    run_tests: RunTests, before: str, after: str, what: str, expected: str, got: str
) -> None:
    assert before in GOOD
    done = run_tests(RULES + GOOD.replace(before, after), "--json")
    assert done.exit_code == 1
    first = differences(done)[0]
    assert (first["what"], first["expected"]) == (what, expected)
    assert first["got"].startswith(got)


def test_a_failed_test_is_readable(run_tests: RunTests) -> None:
    done = run_tests(RULES + GOOD.replace('message = "paid"', 'message = "sent"'))
    assert done.stdout.splitlines() == [
        "failed  billing, at line 11",
        "        entry 0, message",
        '          expected  "sent"',
        '          got       "paid"',
        "1 test, 1 failed",
    ]


def test_an_input_may_be_a_file_beside_the_rules(run_tests: RunTests, tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/a.gz").write_bytes(gzip.compress(b'{"when":"2026-11-24T12:00:00Z"}'))
    test = '[[test]]\nkey = "billing/a"\nfile = "samples/a.gz"\nexpect = [{ timestamp = "2026-11-24" }]\n'
    assert '"2026-11-24T00:00:00+00:00"' not in run_tests(RULES + test).stdout
    (found,) = differences(run_tests(RULES + test, "--json"))
    assert (found["what"], found["got"]) == ("timestamp", "2026-11-24T12:00:00+00:00")
    missing = run_tests(RULES + test.replace("a.gz", "b.gz"), "--json")
    assert differences(missing)[0]["what"] == "input"


def test_the_upload_time_may_be_given(run_tests: RunTests) -> None:
    test = """
        [defaults]
        time_fallback = "object"
        [[test]]
        input = '{"msg":"a"}'
        uploaded_at = 2026-11-24T12:00:00Z
        expect = [{ timestamp = 2026-11-24T12:00:00Z }]
    """
    assert run_tests(test).exit_code == 0


def test_mistakes_in_a_test_are_told_with_those_of_rules() -> None:
    text = """\
        [[test]]
        input = 1
        expect = [{ mesage = "a" }]
        [[test]]
        expected = []
    """
    assert mistakes_in(text) == [
        "line 2, [[test]]: `input` must be a string, not an integer",
        "line 3, [[test]]: `mesage` is not a column; did you mean `message`?",
        'line 4, [[test]]: `expect` must be an array of tables, one for each entry: [{ level = "info" }]',
        "line 4, [[test]]: give either `input` or `file`: what is to be read",
        "line 5, [[test]]: `expected` is not an option; did you mean `expect`?",
    ]


def test_where_there_is_no_test_it_is_said(run_tests: RunTests) -> None:
    done = run_tests(RULES)
    assert (done.exit_code, done.stderr) == (2, "ingestor: there is no [[test]] in ingestor.toml\n")
    assert run_tests(RULES, "a.json").exit_code == 2
