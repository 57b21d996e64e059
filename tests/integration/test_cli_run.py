"""`ingestor run`: what the earlier service did from a CronJob or a loop, with the claims of today."""

import json
import signal
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.integration.conftest import CommandLine
from tests.support.dead_letter_steps import file_at
from tests.support.ledger_steps import all_due, claimed, failed, released, states
from tests.support.loading_processes import log, rows
from tests.support.operating import at, file_record
from tests.support.sweeping import Place

from ingestor.errors import ErrorKind


@pytest.fixture
def command(place: Place, ingestor: CommandLine) -> CommandLine:
    """Without a queue: the ledger is the queue."""
    return at(place, ingestor).using({"QUEUE_URL": "", "DLQ_URL": "", "BUCKETS": ""})


def test_an_empty_bucket_and_an_empty_ledger_are_nothing_to_do(command: CommandLine, place: Place) -> None:
    answer = command("run", "--bucket", place.bucket)
    assert (answer.status, answer.stdout) == (0, "nothing to load (0 objects listed)\n")


def test_what_goes_on_is_said_before_the_first_object_is_listed(command: CommandLine, place: Place) -> None:
    place.upload("app/one.json.gz", log(2))
    answer = command("run", "--bucket", place.bucket, "--prefix", "app/")
    assert answer.stderr.splitlines()[0] == f"ingestor: listing s3://{place.bucket}/app/"
    assert answer.stdout.splitlines()[-1].startswith("2 rows, 0 rejected, in ")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_one_long_file_says_how_far_it_is_read(command: CommandLine, place: Place, workers: str) -> None:
    """Slowed down, so that it takes longer than until the first report."""
    place.upload("long.json.gz", log(40))
    answer = command("run", "--bucket", place.bucket, "--rate", "20", "--workers", workers, CHUNK_ROWS="2")
    [line, *_] = [each for each in answer.stderr.splitlines() if "reading" in each]
    assert line.startswith("ingestor: 1 object listed, 0 files, 0 rows; ")
    assert f"reading s3://{place.bucket}/long.json.gz: 0.0 MB of 0.0 MB" in line


def test_a_run_that_ends_with_an_error_still_sums_up_what_it_loaded(
    command: CommandLine, place: Place
) -> None:
    left = replace(file_at(place, "left.json.gz"), bucket="no-such-bucket-anywhere")
    released(place.tools.database, left)
    all_due(place.tools.database)
    answer = command("run", "--bucket", left.bucket)
    assert (answer.status, "no such bucket" in answer.stderr) == (1, True)
    assert answer.stdout.splitlines()[-1].startswith("0 rows, 0 rejected, in ")


def test_new_objects_are_loaded_the_oldest_first(command: CommandLine, place: Place) -> None:
    for key in ("c", "a", "b"):
        place.upload(f"{key}.json.gz", log(2))
        time.sleep(1.01)  # S3 tells whole seconds
    answer = command("run", "--bucket", place.bucket, "--json")
    assert answer.status == 0, answer.stderr
    assert (answer.json["loaded"], answer.json["rows"], answer.json["failures"]) == (3, 6, [])
    with place.tools.database.transaction() as connection:
        loaded = connection.execute("SELECT s3_key FROM files ORDER BY processed_at").fetchall()
    assert loaded == [("c.json.gz",), ("a.json.gz",), ("b.json.gz",)]


def test_a_second_pass_loads_only_what_is_new(command: CommandLine, place: Place) -> None:
    place.upload("one.json.gz", log(2))
    command("run", "--bucket", place.bucket)
    place.upload("two.json.gz", log(2))
    assert command("run", "--bucket", place.bucket, "--json").json["loaded"] == 1
    assert rows(place) == {"one.json.gz": 2, "two.json.gz": 2}


def test_only_keys_with_the_prefix_are_loaded(command: CommandLine, place: Place) -> None:
    place.upload("app/one.json.gz", log(2))
    place.upload("other/two.json.gz", log(2))
    command("run", "--bucket", place.bucket, "--prefix", "app/")
    assert rows(place) == {"app/one.json.gz": 2}


def test_without_a_prefix_that_of_the_settings_counts_and_an_empty_one_is_the_whole_bucket(
    command: CommandLine, place: Place
) -> None:
    for key in ("app/one.json", "other/two.json"):
        place.upload(key, log(1))
    said = command("run", "--bucket", place.bucket, "--dry-run", "--json", PREFIX="app/")
    assert said.json["new_files"] == 1
    said = command("run", "--bucket", place.bucket, "--prefix", "", "--dry-run", "--json", PREFIX="app/")
    assert said.json["new_files"] == 2


@pytest.mark.parametrize("leave", [failed, claimed, released])
def test_failed_stuck_and_pending_files_of_the_ledger_come_first(
    command: CommandLine, place: Place, leave: object
) -> None:
    assert callable(leave)
    place.upload("left.json.gz", log(2))
    current = place.tools.objects.current(file_at(place, "left.json.gz"))
    assert current is not None
    leave(place.tools.database, current)
    all_due(place.tools.database)
    assert command("run", "--bucket", place.bucket, "--json").json["loaded"] == 1
    assert rows(place) == {"left.json.gz": 2}


def test_more_than_a_page_of_jobs_is_done(command: CommandLine, place: Place) -> None:
    for number in range(30):
        place.upload(f"{number:02}.json.gz", log(2))
        current = place.tools.objects.current(file_at(place, f"{number:02}.json.gz"))
        assert current is not None
        released(place.tools.database, current)
    assert command("run", "--bucket", place.bucket, "--workers", "2", "--json").json["loaded"] == 30
    assert set(rows(place).values()) == {2}


def test_a_file_that_fails_for_good_is_told_once_and_left_alone_afterwards(
    command: CommandLine, place: Place
) -> None:
    place.upload("good.json.gz", log(2))
    place.upload("damaged.json.gz", log(1_000)[:-40])
    answer = command("run", "--bucket", place.bucket)
    assert answer.status == 1
    assert "permanent: " in answer.stderr
    assert "damaged.json.gz" in answer.stderr
    assert file_record(place, "damaged.json.gz").error_kind == ErrorKind.PERMANENT.value
    assert command("run", "--bucket", place.bucket).status == 0


def test_two_runs_at_once_load_each_file_once(command: CommandLine, place: Place) -> None:
    for number in range(20):
        place.upload(f"{number:02}.json.gz", log(200))
    both = [command.start("run", "--bucket", place.bucket, "--json") for _ in range(2)]
    answers = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert sum(answer["loaded"] for answer in answers) == 20
    assert set(rows(place).values()) == {200}


def test_sigterm_gives_the_file_back_with_its_checkpoint_and_the_next_pass_goes_on(
    command: CommandLine, place: Place
) -> None:
    place.upload("large.json.gz", log(20_000))
    slow = command.using({"CHUNK_ROWS": "500"})
    process = slow.start("run", "--bucket", place.bucket, "--rate", "2000")
    checkpoint = next(_checkpoints(place, "large.json.gz"))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert file_record(place, "large.json.gz").status == "PENDING"
    assert checkpoint <= file_record(place, "large.json.gz").checkpoint < 20_000
    assert command("run", "--bucket", place.bucket).status == 0
    assert rows(place) == {"large.json.gz": 20_000}


def test_sigterm_reaches_the_processes_of_a_run(command: CommandLine, place: Place) -> None:
    for name in ("a", "b"):
        place.upload(f"{name}.json.gz", log(20_000))
    slow = command.using({"CHUNK_ROWS": "500"})
    process = slow.start("run", "--bucket", place.bucket, "--rate", "4000", "--workers", "2")
    next(_checkpoints(place, "a.json.gz"))
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert set(states(place.tools.database).values()) == {"PENDING"}
    assert command("run", "--bucket", place.bucket, "--workers", "2").status == 0
    assert rows(place) == {"a.json.gz": 20_000, "b.json.gz": 20_000}


def test_a_rate_is_kept(command: CommandLine, place: Place) -> None:
    place.upload("app.json.gz", log(3_000))
    answer = command("run", "--bucket", place.bucket, "--rate", "2000", "--json")
    assert answer.json["seconds"] >= 1.4


def test_a_loop_goes_on_until_it_is_stopped(command: CommandLine, place: Place) -> None:
    process = command.start("run", "--bucket", place.bucket, "--every", "1s", "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["loaded"] == 0
    place.upload("later.json.gz", log(2))
    while json.loads(process.stdout.readline())["loaded"] == 0:
        pass
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert rows(place) == {"later.json.gz": 2}


def test_a_missing_bucket_and_a_missing_database_say_so(command: CommandLine) -> None:
    answer = command("run", "--bucket", "no-such-bucket-anywhere")
    assert (answer.status, "no-such-bucket-anywhere" in answer.stderr) == (1, True)
    nameless = command("run", "--bucket", "b", DB_HOST="", DB_USERNAME="", DB_PASSWORD="")
    assert (nameless.status, "DB_HOST" in nameless.stderr) == (2, True)


@pytest.mark.parametrize(
    "wrong", [["--every", "5"], ["--workers", "0"], ["--since", "yesterday"], ["--rate", "0"]]
)
def test_a_wrong_option_is_wrong_usage(command: CommandLine, wrong: list[str]) -> None:
    assert command("run", "--bucket", "b", *wrong).status == 2


def _checkpoints(place: Place, key: str) -> Iterator[int]:
    """Once there is one."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if key in states(place.tools.database) and (checkpoint := file_record(place, key).checkpoint):
            yield checkpoint
        time.sleep(0.02)
    raise AssertionError(f"{key} was not begun")


def test_a_dry_run_says_what_there_is_and_changes_nothing(command: CommandLine, place: Place) -> None:
    place.upload("new.json.gz", log(2))
    released(place.tools.database, file_at(place, "left.json.gz"))
    found = command("run", "--bucket", place.bucket, "--dry-run", "--json").json
    assert (found["due_files"], found["new_files"]) == (1, 1)
    assert states(place.tools.database) == {"left.json.gz": "PENDING"}
    assert "1 new object" in command("run", "--bucket", place.bucket, "--dry-run").stdout
