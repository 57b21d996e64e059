"""Loading processes that are killed or told to stop: their files go on, and nobody outlives the parent."""

import os
import random
import signal
import sys
import time

import pytest
from tests.integration.conftest import CommandLine
from tests.support.ledger_steps import states
from tests.support.loading_processes import is_alive, loaders_of, log, rows
from tests.support.operating import at
from tests.support.sweeping import Place
from tests.support.waiting import wait_for

SEEDS = (1,)

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="loaders are found in /proc")


@pytest.fixture
def command(place: Place, ingestor: CommandLine) -> CommandLine:
    return at(place, ingestor).using({"QUEUE_URL": "", "DLQ_URL": "", "MAX_ATTEMPTS": "1000"})


def upload(place: Place, files: int, entries: int) -> dict[str, int]:
    for number in range(files):
        place.upload(f"{number:02}", log(entries))
    return {f"{number:02}": entries for number in range(files)}


def a_loader_at_work(place: Place, parent_id: int) -> int:
    """One of those whose files are claimed."""
    wait_for(lambda: "PROCESSING" in states(place.tools.database).values())
    return loaders_of(parent_id)[0]


@needs_proc
def test_a_killed_loader_is_replaced_and_its_file_goes_on_at_once(command: CommandLine, place: Place) -> None:
    expected = upload(place, 2, 4_000)
    run = command.using({"CHUNK_ROWS": "500"}).start(
        "run", "--bucket", place.bucket, "--workers", "2", "--rate", "4000", "--json"
    )
    os.kill(a_loader_at_work(place, run.pid), signal.SIGKILL)
    out, err = run.communicate(timeout=100)  # less than the lease
    assert run.returncode == 0, err
    assert "a loading process died (killed by signal 9, perhaps for want of memory) over s3://" in err
    assert '"died":1' in out
    assert rows(place) == expected
    assert loaders_of(run.pid) == []


@needs_proc
@pytest.mark.parametrize("seed", SEEDS)
def test_loaders_killed_at_random_lose_and_double_nothing(
    command: CommandLine, place: Place, seed: int
) -> None:
    """Where a kill hits between a claim and its news, the file waits for its lease."""
    chance = random.Random(seed)  # noqa: S311 - to be replayed
    expected = upload(place, 12, 1_000)
    run = command.using({"CHUNK_ROWS": "250", "LEASE_SECONDS": "20"}).start(
        "run", "--bucket", place.bucket, "--workers", "2", "--rate", "1500"
    )
    kills = 0
    while run.poll() is None and kills < 8:
        time.sleep(chance.uniform(0.5, 2.5))
        for victim in loaders_of(run.pid)[:1]:
            os.kill(victim, signal.SIGKILL)
            kills += 1
    _, err = run.communicate(timeout=120)
    assert (run.returncode, kills > 0) == (0, True), err
    assert rows(place) == expected
    assert set(states(place.tools.database).values()) == {"COMPLETED"}


@needs_proc
def test_killed_itself_the_parent_leaves_neither_loader_nor_connection(
    command: CommandLine, place: Place
) -> None:
    expected = upload(place, 2, 4_000)
    slow = command.using({"CHUNK_ROWS": "500", "LEASE_SECONDS": "3"})
    run = slow.start("run", "--bucket", place.bucket, "--workers", "2", "--rate", "2000")
    a_loader_at_work(place, run.pid)
    loaders = loaders_of(run.pid)
    assert len(loaders) == 2
    run.kill()
    run.communicate(timeout=30)
    wait_for(lambda: not any(is_alive(each) for each in loaders), seconds=10)
    wait_for(lambda: _connections(place) == 1, seconds=10)  # our own
    wait_for(lambda: command("run", "--bucket", place.bucket).status == 0 and rows(place) == expected)


@needs_proc
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_at_any_instant_it_ends_and_the_next_run_goes_on(
    command: CommandLine, place: Place, number: signal.Signals, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - to be replayed
    expected = upload(place, 6, 2_000)
    slow = command.using({"CHUNK_ROWS": "250", "LEASE_SECONDS": "10"})
    for _ in range(2):
        run = slow.start("run", "--bucket", place.bucket, "--workers", "2", "--rate", "2000")
        time.sleep(chance.uniform(0, 8))
        run.send_signal(number)
        _, err = run.communicate(timeout=60)
        # Negative: before it could hear the signal.
        assert run.returncode in {0, 128 + number, -number}, err
        assert loaders_of(run.pid) == []
        assert "PROCESSING" not in states(place.tools.database).values()
        assert "Traceback" not in err or run.returncode == -number
    assert command("run", "--bucket", place.bucket, "--workers", "2").status == 0
    assert rows(place) == expected


def _connections(place: Place) -> int:
    with place.tools.database.transaction() as connection:
        [(count,)] = connection.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND backend_type = 'client backend'"
        ).fetchall()
    return int(count)
