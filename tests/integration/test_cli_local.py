"""`ingestor local`: each file's state, the exit status, and what is said where."""

import gzip
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.integration.conftest import CommandLine
from tests.support.connections import Connect

from ingestor import ledger
from ingestor.database import Database
from ingestor.sources.local import local_source_file

type WriteLog = Callable[[str, list[object]], Path]

ENTRIES: list[object] = [{"time": 1795432855268 + n, "level": 30, "msg": f"entry {n}"} for n in range(5)]
ROWS = "SELECT count(*), count(DISTINCT (file_id, ordinal)) FROM logs"


def rows(connect: Connect) -> object:
    with connect() as connection:
        row = connection.execute(ROWS).fetchone()
    return row[0] if row and row[0] == row[1] else row


def test_files_are_loaded_and_summed_up(ingestor: CommandLine, data_folder: Path) -> None:
    done = ingestor("local", *sorted(data_folder.glob("*.json.gz")))
    assert done.status == 0
    assert "3 loaded" in done.stdout
    assert [line for line in done.stderr.splitlines() if ": loaded, 2,22" in line]


def test_a_file_loaded_again_changes_nothing_and_says_so(
    ingestor: CommandLine, write_log: WriteLog, connect: Connect
) -> None:
    path = write_log("app.json", ENTRIES)
    ingestor("local", path)
    again = ingestor("local", "app.json")
    assert again.status == 0
    assert "already loaded" in again.stdout
    assert rows(connect) == 5


def test_json_is_one_line_a_file_and_nothing_else_on_standard_output(
    ingestor: CommandLine, write_log: WriteLog
) -> None:
    path = write_log("app.json", [*ENTRIES, "not an object"])
    done = ingestor("local", "--json", "app.json", "missing.json")
    loaded, missing = done.json_lines
    assert done.status == 1
    assert set(loaded) == set(missing) == {
        "file", "key", "state", "rows", "rejected", "seconds", "rows_per_second", "error", "next", "dropped",
        "dropped_by_reason",
    }  # fmt: skip
    assert (loaded["file"], loaded["key"], loaded["state"]) == ("app.json", str(path), "loaded")
    assert (loaded["rows"], loaded["rejected"]) == (5, 1)
    assert loaded["rows_per_second"] > 0
    assert loaded["next"] == "why entries were rejected: `ingestor status app.json`"
    assert (missing["state"], missing["key"]) == ("failed", None)


def test_a_missing_file_is_one_failed_line_and_the_others_go_on(
    ingestor: CommandLine, write_log: WriteLog, connect: Connect
) -> None:
    write_log("app.json", ENTRIES)
    done = ingestor("local", "missing.json", "app.json")
    assert done.status == 1
    assert "missing.json: failed" in done.stderr
    assert "no such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert rows(connect) == 5


def test_a_folder_and_an_unreadable_name_fail_alone(ingestor: CommandLine, write_log: WriteLog) -> None:
    write_log("app.json", ENTRIES)
    (ingestor.folder / "logs").mkdir()
    odd = os.fsdecode(bytes(ingestor.folder) + b"/odd\xff.json")
    Path(odd).write_text("{}")
    done = ingestor("local", "logs", odd, "app.json")
    assert done.status == 1
    assert "is a folder" in done.stderr
    assert "is not UTF-8; rename it" in done.stderr
    assert "Traceback" not in done.stderr
    assert "app.json: loaded" in done.stderr


def test_a_truncated_gzip_fails_with_its_reason_and_the_next_step(ingestor: CommandLine) -> None:
    whole = gzip.compress(b'{"time":1795432855268,"msg":"one"}\n' * 1000)
    (ingestor.folder / "cut.gz").write_bytes(whole[:-20])
    done = ingestor("local", "cut.gz", "--json")
    assert done.status == 1
    assert done.json["state"] == "failed"
    assert "truncated" in done.json["error"]
    assert done.json["next"] == "details: `ingestor status cut.gz`"
    assert "`ingestor status cut.gz`" in done.stderr
    assert ingestor("status", "cut.gz", "--json").json["error_kind"] == "permanent"


def test_a_changed_file_is_kept_until_it_is_to_be_replaced(
    ingestor: CommandLine, write_log: WriteLog, connect: Connect
) -> None:
    write_log("app.json", ENTRIES)
    ingestor("local", "app.json")
    write_log("app.json", ENTRIES[:3])
    kept = ingestor("local", "app.json")
    assert kept.status == 0
    assert "changed since loading" in kept.stdout
    assert "`ingestor local --replace app.json`" in kept.stderr
    assert rows(connect) == 5
    replaced = ingestor("local", "--replace", "app.json", "--json")
    assert (replaced.status, replaced.json["state"], replaced.json["rows"]) == (0, "loaded", 3)
    assert rows(connect) == 3


def test_standard_input_is_loaded_once_for_the_same_bytes(ingestor: CommandLine, connect: Connect) -> None:
    text = b'{"time":1795432855268,"msg":"a"}\n{"time":1795432855269}\n'
    first = ingestor("local", "-", "--json", stdin=text)
    assert (first.status, first.json["state"], first.json["rows"]) == (0, "loaded", 2)
    assert first.json["key"].startswith("stdin:sha256:")
    assert ingestor("local", "-", "--json", stdin=text).json["state"] == "already loaded"
    assert ingestor("local", "-", "--json", stdin=gzip.compress(text)).json["state"] == "loaded"
    assert rows(connect) == 4


def test_a_longer_excerpt_of_a_loaded_input_is_loaded_as_a_new_file_with_a_warning(
    ingestor: CommandLine,
) -> None:
    lines = [json.dumps({"time": 1_795_432_855_268 + number}).encode() + b"\n" for number in range(5)]
    other = lines[1] + lines[0]
    for shorter in (b"".join(lines[:3]), other):
        assert "begins with" not in ingestor("local", "-", "--quiet", stdin=shorter).stderr
    longer = ingestor("local", "-", "--json", stdin=b"".join(lines))
    assert longer.json["state"] == "loaded"
    begins = len(b"".join(lines[:3]))
    assert (
        f"standard input begins with the {begins} bytes that were loaded before as stdin:sha256:"
        in longer.stderr
    )
    assert f"3 rows will be there twice. To load only what is new: … | tail -c +{begins + 1} | ingestor" in (
        longer.stderr
    )
    again = ingestor("local", "-", stdin=b"".join(lines))
    assert "begins with" not in again.stderr, "nothing is loaded"


def test_a_file_held_by_another_worker_is_not_done(
    ingestor: CommandLine, write_log: WriteLog, database: Database
) -> None:
    path = write_log("app.json", ENTRIES)
    with database.transaction() as connection:
        ledger.claim(connection, local_source_file(path), lease_seconds=90, max_attempts=5, skip_newer=True)
    done = ingestor("local", "app.json", "--json")
    assert (done.status, done.json["state"]) == (1, "held by another worker")
    assert "If it died, retry in 1 min" in done.json["next"]


def test_control_characters_and_markup_in_a_name_are_shown_not_obeyed(
    ingestor: CommandLine, write_log: WriteLog
) -> None:
    write_log("a\x1b[31m[bold]b.json", ENTRIES)
    done = ingestor("local", "a\x1b[31m[bold]b.json")
    assert done.status == 0
    for said in (done.stdout, done.stderr):
        assert "\x1b" not in said
        assert r"a\x1b[31m[bold]b.json" in said


def test_the_first_interrupt_commits_the_chunk_and_the_same_command_goes_on(
    ingestor: CommandLine, write_log: WriteLog, connect: Connect
) -> None:
    many: list[object] = [{"time": 1795432855268 + n} for n in range(20_000)]
    write_log("many.json", many)
    loading = ingestor.start("local", "many.json", "other.json", "--json", CHUNK_ROWS="1")
    connection = connect()
    wait_until(connection, "SELECT FROM processed_files WHERE checkpoint > 5")
    loading.send_signal(signal.SIGINT)
    stdout, stderr = loading.communicate(timeout=30)
    assert loading.returncode == 130
    assert '"state":"stopped"' in stdout
    assert "stopping once the current chunk is committed" in stderr
    assert "1 file not started" in stderr
    state = connection.execute("SELECT status, checkpoint < 20000 FROM processed_files").fetchone()
    assert state == ("PENDING", True)
    assert ingestor("local", "many.json").status == 0
    assert rows(connect) == 20_000


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_second_interrupt_ends_at_once_and_says_that_the_claim_stays(
    ingestor: CommandLine, write_log: WriteLog, connect: Connect, number: signal.Signals, status: int
) -> None:
    write_log("app.json", ENTRIES)
    blocker, watcher = connect(), connect()
    blocker.execute("LOCK TABLE logs IN EXCLUSIVE MODE")
    loading = ingestor.start("local", "app.json", LEASE_SECONDS="77")
    wait_until(watcher, "SELECT FROM pg_locks WHERE relation = 'logs'::regclass AND NOT granted")
    assert loading.stderr is not None
    loading.send_signal(number)
    assert loading.stderr.readline() == "\n"
    assert "press Ctrl-C again to stop at once" in loading.stderr.readline()
    loading.send_signal(number)
    _, stderr = loading.communicate(timeout=30)
    assert loading.returncode == status
    assert "app.json: stopped at once. Its claim expires 1 min 17 s after its last chunk" in stderr
    assert "Traceback" not in stderr
    blocker.rollback()
    assert watcher.execute("SELECT status FROM processed_files").fetchone() == ("PROCESSING",)
    assert rows(connect) == 0


def wait_until(connection: psycopg.Connection[tuple[Any, ...]], query: str) -> None:
    for _ in range(1_000):
        found = connection.execute(query.encode()).fetchone()
        connection.rollback()
        if found is not None:
            return
        time.sleep(0.02)
    raise AssertionError(f"never: {query}")
