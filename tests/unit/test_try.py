"""`ingestor try`: what files would become, without a database."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ingestor.cli import main

TIMED = {
    "time": 1795432855268,
    "level": 30,
    "msg": "hello",
    "tenant": "a",
    "user": {"name": "x", "plan": None},
}
OWN = {"when": "2026-11-24T12:00:00Z", "msg": "hello"}

type Try = Callable[..., Result]


@pytest.fixture
def tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Try:
    """Without a database, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("DB_HOST", "DB_USERNAME", "DB_PASSWORD", "INGESTOR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments, **given: CliRunner().invoke(main, ["try", *arguments], **given)


def lines(*entries: object) -> str:
    return "".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in entries)


def facts(result: Result) -> dict[str, Any]:
    (found,) = (json.loads(line) for line in result.stdout.splitlines())
    assert found["entries"] == found["rows"] + found["rejected"] + found["dropped"]
    read: dict[str, Any] = found
    return read


def test_a_good_file_is_shown_with_its_format_rows_and_how_to_load_it(tries: Try, tmp_path: Path) -> None:
    (tmp_path / "app.gz").write_bytes(gzip.compress(lines(TIMED, TIMED).encode()))
    done = tries("app.gz")
    said = " ".join(done.stdout.split())
    assert (done.exit_code, done.stderr) == (0, "")
    assert said.startswith("app.gz format: json (no other format begins as it does) compression: gzip: ")
    assert "entries: 2: 2 rows, 0 rejected log times: 2026-11-23 11:20:55 UTC to" in said
    assert "First rows timestamp level message 2026-11-23 11:20:55.268 info hello" in said
    assert "Fields without a column field entries tenant 2 raw_data->>'tenant'" in said
    assert said.endswith("To load it: ingestor local app.gz")
    assert list(tmp_path.iterdir()) == [tmp_path / "app.gz"]


def test_rejected_entries_are_shown_with_place_and_reason_and_the_status_is_1(
    tries: Try, tmp_path: Path
) -> None:
    (tmp_path / "app.json").write_text(lines(TIMED, "nope", {"a": 1}, *['{"b": 2}'] * 6))
    done = tries("app.json", "--json")
    found = facts(done)
    assert done.exit_code == 1
    assert (found["rows"], found["rejected"], found["would_fail"]) == (1, 8, True)
    assert found["first_rejected"][0] == {
        "ordinal": 1, "byte_offset": len(lines(TIMED)), "reason": "not valid JSON", "content": "nope"
    }  # fmt: skip
    assert sorted(found["rejected_by_reason"].values()) == [1, 7]
    said = tries("app.json").stdout
    assert "7 x no time in the entry" in said
    assert "would fail:" in said
    assert "To load it" not in said


def test_what_was_read_of_a_damaged_file_is_shown_beside_the_error(tries: Try, tmp_path: Path) -> None:
    (tmp_path / "cut.gz").write_bytes(gzip.compress(lines(*[TIMED] * 5000).encode())[:-9])
    done = tries("cut.gz", "--json")
    found = facts(done)
    assert (done.exit_code, found["rows"] > 4000, found["compression"]) == (1, True, ["gzip"])
    assert found["error"].startswith("truncated: the gzip data ends early")


def test_a_file_that_is_no_log_or_is_not_there_is_an_error_of_its_own(tries: Try, tmp_path: Path) -> None:
    (tmp_path / "data.parquet").write_bytes(b"PAR1\x15\x04\x15")
    (tmp_path / "app.json").write_text(lines(TIMED))
    done = tries("data.parquet", "missing.json", "app.json", "--json")
    parquet, missing, good = (json.loads(line) for line in done.stdout.splitlines())
    assert done.exit_code == 1
    assert parquet["error"].startswith("this is Parquet")
    assert missing["error"].endswith("no such file")
    assert (good["error"], good["rows"]) == (None, 1)
    (tmp_path / "notes.txt").write_text("just some words\n")
    assert tries("notes.txt").stdout.splitlines()[1].startswith("  error:          this is plain text")


def test_standard_input_is_read_as_it_comes(tries: Try) -> None:
    done = tries("-", input=lines(TIMED))
    assert (done.exit_code, "1: 1 row, 0 rejected" in done.stdout) == (0, True)


def test_an_empty_file_has_no_entry(tries: Try, tmp_path: Path) -> None:
    (tmp_path / "empty.json").touch()
    done = tries("empty.json", "--json")
    assert (done.exit_code, facts(done)["entries"]) == (0, 0)


def test_each_suggestion_does_what_it_says(tries: Try, tmp_path: Path) -> None:
    (tmp_path / "app.json").write_text(lines(OWN, OWN))
    before = facts(tries("app.json", "--json"))
    assert (before["rejected"], before["unmapped_fields"]) == (2, {"when": 2})
    assert before["suggestion"] == ['format = "json"', 'columns = { timestamp = ["when"] }']
    (tmp_path / "ingestor.toml").write_text("\n".join(["[[rule]]", *before["suggestion"]]))
    after = facts(tries("app.json", "--json"))
    assert (after["rejected"], after["unmapped_fields"], after["suggestion"]) == (0, {}, [])
    assert after["first_rows"][0]["timestamp"] == "2026-11-24T12:00:00Z"
    assert after["format_reason"] == "the rule at line 1 of ingestor.toml"
    assert after["pipeline"].startswith("json:")


def test_a_field_is_unmapped_where_the_row_is_the_same_without_it(tries: Try, tmp_path: Path) -> None:
    both = TIMED | {
        "timestamp": TIMED["time"],
        "req": {"id": 1, "odd": 2, "headers": {"host": "h"}},
        "nothing": "",
    }
    (tmp_path / "app.json").write_text(lines(both, TIMED))
    found = facts(tries("app.json", "--json"))
    assert found["unmapped_fields"] == {"tenant": 2, "user.name": 2, "req.odd": 1}


def test_the_fields_of_a_text_format_are_those_of_its_parser(tries: Try, tmp_path: Path) -> None:
    line = '192.0.2.7 - bob [24/Nov/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 7 "-" "curl"\n'
    (tmp_path / "access.log").write_text(line)
    found = facts(tries("access.log", "--json"))
    assert (found["format"], found["format_reason"]) == ("combined", "its first bytes")
    assert "remote_user" in found["unmapped_fields"]
    assert "status" not in found["unmapped_fields"]


def test_a_format_can_be_given_whatever_the_rules_say(tries: Try, tmp_path: Path) -> None:
    (tmp_path / "app.json").write_text(lines(TIMED))
    (tmp_path / "ingestor.toml").write_text('[[rule]]\nformat = "json"\n')
    found = facts(tries("app.json", "--format", "combined", "--json"))
    assert (found["format"], found["format_reason"], found["rejected"]) == ("combined", "--format", 1)
    wrong = tries("app.json", "--format", "combinde")
    assert (wrong.exit_code, "there is no format 'combinde'; there are " in wrong.stderr) == (2, True)


def test_a_rule_is_chosen_as_for_the_object_of_a_key(tries: Try, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(lines({"msg": "no time"}))
    (tmp_path / "mine.toml").write_text(
        '[[rule]]\nbucket = "logs"\nkey = "edge/*"\nskip = true\n[[rule]]\nkey = "app/*"\ntime_fallback = "object"\n'
    )
    rules = ("--rules", "mine.toml", "--json")
    skipped = facts(tries("a.json", *rules, "--bucket", "logs", "--key", "edge/a"))
    assert (skipped["format"], skipped["entries"]) == ("skip", 0)
    assert facts(tries("a.json", *rules, "--key", "app/a"))["rows"] == 1
    assert facts(tries("a.json", *rules, "--key", "edge/a"))["rejected"] == 1


def test_dropped_entries_are_counted_by_reason(tries: Try, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(lines(TIMED, TIMED | {"tenant": "b"}))
    (tmp_path / "ingestor.toml").write_text(
        '[[rule]]\ndrop_when = [{ tenant = { equals = "b" }, reason = "not ours" }]\n'
    )
    found = facts(tries("a.json", "--json"))
    assert (found["rows"], found["dropped_by_reason"]) == (1, {"not ours": 1})
    assert found["first_dropped"][0]["ordinal"] == 1


def test_wrong_usage_and_wrong_rules_are_said(tries: Try, tmp_path: Path) -> None:
    assert "name a file, or '-'" in tries().stderr
    assert "--bucket needs --key" in tries("a", "--bucket", "b").stderr
    (tmp_path / "ingestor.toml").write_text("[[rule]]\nformat = 1")
    wrong = tries("a")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "line 2, [[rule]]: `format` must be a string, not an integer" in wrong.stderr


def test_a_skipped_file_is_said_to_be_skipped_and_not_how_to_load_it(tries: Try, tmp_path: Path) -> None:
    rules = tmp_path / "ingestor.toml"
    rules.write_text('[[rule]]\nkey = "*.log"\nskip = true')
    (tmp_path / "a.log").write_text("anything\n")
    tried = tries("--rules", str(rules), str(tmp_path / "a.log"))
    assert tried.exit_code == 0
    assert "No entry of it is wanted: it would complete without being read." in tried.stdout
    assert "To load it" not in tried.stdout
