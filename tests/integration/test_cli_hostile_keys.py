"""Whatever a key is called: every command takes it, and shows it without doing anything to whoever looks."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.conftest import Answer, CommandLine
from tests.support.dead_letter_steps import file_at
from tests.support.hostile_keys import HOSTILE_KEYS, raw_controls
from tests.support.ledger_steps import completed, failed
from tests.support.operating import at
from tests.support.sweeping import Place

from ingestor import bootstrap, ledger
from ingestor.cli import main
from ingestor.errors import ErrorKind
from ingestor.ingest import Failed, Loaded, ingest
from ingestor.notifications import continuation_message

KEYS = tuple(key for key in HOSTILE_KEYS.values() if "\n" not in key)
"""Of objects; moto answers 404 where a key holds a line feed, which the ledger is given without it."""
GOOD = b'{"time":1795432855268,"msg":"hello"}\n'
BROKEN = b'[{"time":1795432855268,"msg":"hello"}'
FORGED = HOSTILE_KEYS["line feed"]
HIDDEN = [key for key in HOSTILE_KEYS.values() if raw_controls(key) or "\n" in key]
"""Those that would do something to a terminal."""

type Run = Callable[..., Answer]


@pytest.fixture
def run(
    place: Place, ingestor: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """The command line in this very process: each key is asked for, and a process for each would take minutes."""
    for name, value in at(place, ingestor).variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ingestor.folder)

    def run(*arguments: str) -> Answer:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main.main(list(arguments), prog_name="ingestor")
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Answer(ended.value.code, said.out, said.err)

    return run


def shown_safely(done: Answer) -> bool:
    return raw_controls(done.stdout) | raw_controls(done.stderr) == set()


def for_programs(done: Answer) -> bool:
    """ASCII alone, so that no terminal and no log collector meets anything else."""
    return done.stdout.isascii() and "\x7f" not in done.stdout and shown_safely(done)


def load(place: Place, body: bytes) -> None:
    """Every key, and the forged one by the ledger alone."""
    worker = bootstrap.worker(place.tools.database, place.tools.objects, place.tools.settings)
    for key in KEYS:
        place.upload(key, body)
        current = place.tools.objects.current(file_at(place, key))
        assert current is not None, key
        assert isinstance(ingest(current, worker), Loaded | Failed), key
    if body is BROKEN:
        failed(place.tools.database, file_at(place, FORGED), ErrorKind.PERMANENT)
    else:
        completed(place.tools.database, file_at(place, FORGED))


def test_a_file_is_found_by_its_key_and_by_its_uri(place: Place, run: Run, subtests: pytest.Subtests) -> None:
    load(place, GOOD)
    for name, key in HOSTILE_KEYS.items():
        with subtests.test(name):
            uri = f"s3://{place.bucket}/{key}"
            by_uri = run("status", "--json", "--", uri)
            assert (by_uri.status, by_uri.json["s3_key"], by_uri.json["uri"]) == (0, key, uri)
            assert for_programs(by_uri)
            by_key = run("status", "--", key)
            assert (by_key.status, shown_safely(by_key)) == (0, True)
            assert "COMPLETED" in by_key.stdout


def test_a_failed_file_is_told_and_settled_safely(
    place: Place, run: Run, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(place, BROKEN)
    monkeypatch.delenv("DLQ_URL")  # each look into a queue waits a second
    for name, key in HOSTILE_KEYS.items():
        uri = f"s3://{place.bucket}/{key}"
        for arguments in (
            ("retry", "--dry-run", "--json", "--matching", key),
            ("ignore", "--dry-run", "--reason", key, "--", uri),
            ("ignore", "--json", "--reason", f"as {key} says", "--", uri),
            ("status", "--", uri),
        ):
            with subtests.test(f"{name}: {arguments[0]}"):
                done = run(*arguments)
                assert (done.status, shown_safely(done)) == (0, True), done
                if "--json" in arguments:
                    assert for_programs(done), done
                    assert json.dumps(key)[1:-1] in done.stdout, done
        with subtests.test(f"{name}: in the ledger"), place.tools.database.transaction() as connection:
            record = ledger.find_file(connection, place.bucket, key)
            assert record is not None
            assert raw_controls(record.error or "") == set()


def test_all_that_failed_is_listed_safely(place: Place, run: Run, subtests: pytest.Subtests) -> None:
    load(place, BROKEN)
    for key in HOSTILE_KEYS.values():
        place.sqs.send_message(QueueUrl=place.dlq_url, MessageBody=continuation_message(file_at(place, key)))
    place.sqs.send_message(QueueUrl=place.dlq_url, MessageBody="not JSON: \x1b[2J\x9b\u202e")
    for arguments in (
        ("status",),
        ("redrive", "--dry-run"),
        ("retry", "--failed", "--dry-run"),
        ("reload", "--dry-run", "--", f"s3://{place.bucket}/{HOSTILE_KEYS['window title']}"),
        ("retry", "--failed"),
    ):
        for form in ((), ("--json",)):
            with subtests.test(" ".join((arguments[0], *form))):
                done = run(arguments[0], *form, *arguments[1:])
                assert done.status == 0, done
                assert shown_safely(done), done
                assert not form or for_programs(done), done


@pytest.mark.parametrize("asked", ["%", "_", "\\", "100%_", ".", "*", "'", "$("])
def test_what_is_asked_for_is_no_pattern(place: Place, run: Run, asked: str) -> None:
    """As text, and nothing that SQL, a shell or a regular expression would make of it."""
    for key in HOSTILE_KEYS.values():
        failed(place.tools.database, file_at(place, key), ErrorKind.PERMANENT)
    found = run("retry", "--matching", asked, "--dry-run", "--json").json["reopened"]
    expected = {f"s3://{place.bucket}/{key}" for key in HOSTILE_KEYS.values() if asked in key}
    assert set(found) == expected
    assert run("status", "--json", "--", asked).status == 1, "no key ends in it, or several do"


def test_a_line_feed_in_a_key_forges_no_line(place: Place, run: Run) -> None:
    load(place, BROKEN)
    for arguments in (
        ("status",),
        ("status", "--", FORGED),
        ("ignore", "--reason", "x", "--", FORGED),
        ("retry", "--", FORGED),
        ("status", "--", FORGED + "x"),
        ("reload", "--", FORGED),
    ):
        done = run(*arguments)
        lines = (done.stdout + done.stderr).splitlines()
        assert [line for line in lines if line.startswith("ingestor: nothing needs attention")] == [], done


def test_a_whole_bucket_of_them_is_listed_loaded_and_swept(place: Place, run: Run) -> None:
    for key in KEYS:
        place.upload(key)
    for arguments in (
        ("backfill", "--bucket", place.bucket, "--dry-run", "--json"),
        ("run", "--bucket", place.bucket, "--dry-run", "--json"),
        ("sweep", "--dry-run", "--json"),
        ("backfill", "--bucket", place.bucket),
        ("sweep", "--json"),
        ("run", "--bucket", place.bucket, "--json"),
    ):
        done = run(*arguments)
        assert done.status == 0, (arguments, done)
        assert shown_safely(done), (arguments, done)
    with place.tools.database.transaction() as connection:
        loaded = dict(connection.execute("SELECT s3_key, rows_loaded FROM files").fetchall())
    assert loaded == dict.fromkeys(KEYS, 1)


def test_what_is_not_there_is_told_safely(place: Place, run: Run, subtests: pytest.Subtests) -> None:
    everything = "".join(HIDDEN)
    for key in HIDDEN:
        for arguments in (
            ("status", "--json", "--", key),
            ("local", "--", f"./no such folder/{key}"),
            ("local", "--json", "--", f"./no such folder/{key}"),
            ("run", "--bucket", place.bucket, "--every", key),
            ("status", "a", key),
            (f"command {key}",),
            ("status", f"--option-{key}"),
        ):
            with subtests.test(repr(arguments)):
                _is_told_safely(run, arguments)
    for once in (
        ("reload", "--", f"s3://{place.bucket}/{everything}"),
        ("run", "--bucket", everything),
        ("backfill", "--bucket", everything, "--dry-run"),
        ("backfill", "--bucket", place.bucket, "--prefix", everything, "--dry-run"),
        ("connect-bucket", "--bucket", everything, "--queue-arn", everything),
        ("run", "--bucket", place.bucket, "--since", everything),
        ("pause", "--function", everything),
    ):
        with subtests.test(repr(once)):
            _is_told_safely(run, once)


def _is_told_safely(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert shown_safely(done), (arguments, done)
    assert "Traceback" not in done.stderr, (arguments, done)
    if "--json" in arguments:
        assert for_programs(done), (arguments, done)


NAMES = [key.replace("/", "_") for key in HOSTILE_KEYS.values() if len(key.encode()) < 255]
UNDECODABLE = b"not utf-8 \x9b31m\xff.json"
"""As a file system may have it: the command line has lone surrogates for it."""


def test_local_files_are_loaded_and_told_safely(run: Run) -> None:
    for name in NAMES:
        Path(name).write_bytes(GOOD)
    loaded = run("local", "--json", "--", *NAMES)
    assert loaded.status == 0, loaded
    assert for_programs(loaded)
    assert [each["file"] for each in loaded.json_lines] == NAMES
    again = run("local", "--", *NAMES)
    assert (again.status, shown_safely(again)) == (0, True)
    for name in NAMES:
        Path(name).write_bytes(BROKEN)
        os.utime(name, (1_700_000_000, 1_700_000_000))
    changed = run("local", "--", *NAMES)
    assert (changed.status, shown_safely(changed)) == (0, True)


def test_a_local_name_that_is_no_utf_8_is_told_safely(run: Run) -> None:
    Path(os.fsdecode(UNDECODABLE)).write_bytes(BROKEN)
    for arguments in (("local",), ("local", "--json"), ("status",), ("status", "--json")):
        done = run(*arguments, "--", os.fsdecode(UNDECODABLE))
        assert done.status == 1, (arguments, done)
        assert shown_safely(done), (arguments, done)
        assert "UTF-8" in done.stdout + done.stderr or "not in the ledger" in done.stderr


def test_advice_for_a_local_name_with_a_dash_can_be_pasted(run: Run) -> None:
    Path("-rf.json").write_bytes(BROKEN)
    (told,) = run("local", "--json", "--", "-rf.json").json_lines
    assert "`ingestor status ./-rf.json`" in told["next"]
