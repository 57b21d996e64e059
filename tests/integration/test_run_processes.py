"""Loading processes that die, freeze or are told to stop: their files go on, and nobody outlives the parent."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.integration.conftest import CommandLine
from tests.support.ledger_steps import states
from tests.support.loading_processes import die_at_once, is_alive, loaders_of, log, rows, serve_as_told
from tests.support.operating import at, file_record
from tests.support.running import Silent
from tests.support.sweeping import Place
from tests.support.waiting import wait_for

from ingestor.database import ConnectionParameters
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.run import Pass, Patience, Processes, RunContext, RunScope, loader, run_once
from ingestor.run.processes import LoadersDyingError

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


type Doom = Callable[..., None]


@pytest.fixture
def doom(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Doom:
    """Has a loading process meet its end over the key `doomed`."""

    def set_up(how: str, *, once: bool = False) -> None:
        monkeypatch.setattr(loader, "serve", serve_as_told)
        monkeypatch.setenv("DOOM", how)
        monkeypatch.setenv("DOOMED", "doomed")
        if once:
            monkeypatch.setenv("ONCE", str(tmp_path / "done"))

    return set_up


def a_pass(
    place: Place,
    *,
    silent_seconds: float = 60,
    stopping_seconds: float = 60,
    deadline: Deadline = UNLIMITED,
    looks_again: bool = False,
    **settings: object,
) -> tuple[Pass, list[str]]:
    """With one loading process at a time; and what was said of deaths."""
    said: list[str] = []
    tools = place.tools
    chosen = tools.settings.model_copy(update=settings | _login(tools.database.parameters))
    patience = Patience(10, deadline, Silent())
    with Processes(
        chosen, 1, None, tools.database, patience,
        on_death=said.append, silent_seconds=silent_seconds, stopping_seconds=stopping_seconds,
    ) as processes:  # fmt: skip
        context = RunContext(tools.database, tools.objects, chosen)
        done = run_once(
            context, RunScope(place.bucket), processes, Silent(), patience, looks_again=looks_again
        )
    return done, said


def _login(parameters: ConnectionParameters) -> dict[str, object]:
    return {
        "db_host": parameters.host,
        "db_port": parameters.port,
        "db_name": parameters.dbname,
        "db_username": parameters.user,
        "db_password": SecretStr(parameters.password),
    }


def history(place: Place) -> list[tuple[str, str | None]]:
    """Of the doomed file."""
    with place.tools.database.transaction() as connection:
        return connection.execute(
            "SELECT event, file_events.error FROM file_events JOIN files ON file_id = files.id "
            "WHERE s3_key = 'doomed' ORDER BY file_events.id"
        ).fetchall()


def test_a_file_that_kills_each_of_its_loaders_is_worn_out_and_its_neighbours_are_loaded(
    place: Place, doom: Doom
) -> None:
    for key in ("a", "doomed", "z"):
        place.upload(key, log(10))
    doom("SIGKILL with its claim known")
    done, said = a_pass(place, max_attempts=3)
    assert states(place.tools.database) == {"a": "COMPLETED", "doomed": "FAILED", "z": "COMPLETED"}
    [failure] = done.failures.values()
    assert (failure.kind, "worn out: 3 workers died" in failure.error) == ("permanent", True)
    assert (done.loaded, done.died, len(said)) == (2, 3, 3)
    died = ("released", "its loading process died: killed by signal 9, perhaps for want of memory")
    assert history(place)[:3] == [("discovered", None), ("claimed", None), died]


@pytest.mark.parametrize("where", ["before its claim", "with its claim known"])
@pytest.mark.parametrize("ending", ["SIGKILL", "SIGTERM", "SIGSEGV"])
def test_a_file_whose_loader_ends_once_is_loaded_by_another_at_once(
    place: Place, doom: Doom, ending: str, where: str
) -> None:
    for key in ("a", "doomed", "z"):
        place.upload(key, log(10))
    doom(f"{ending} {where}", once=True)
    done, _ = a_pass(place)
    assert (done.loaded, done.failures, done.stopped) == (3, {}, 0)
    assert rows(place) == {"a": 10, "doomed": 10, "z": 10}


def test_a_claim_of_the_dead_that_nobody_heard_of_is_waited_for(place: Place, doom: Doom) -> None:
    place.upload("doomed", log(10))
    doom("SIGKILL before its claim is known", once=True)
    done, _ = a_pass(place, lease_seconds=2, looks_again=True)
    assert (done.loaded, done.failures, done.died) == (1, {}, 1)
    assert [event for event, _ in history(place)] == ["discovered", "claimed", "taken over", "completed"]


def test_a_frozen_loader_is_ended_and_its_file_goes_on(place: Place, doom: Doom) -> None:
    place.upload("doomed", log(10))
    doom("SIGSTOP with its claim known", once=True)
    done, said = a_pass(place, silent_seconds=4)
    assert (done.loaded, done.died) == (1, 1)
    assert "frozen, silent for 4 s" in said[0]


def test_a_loader_that_does_not_stop_is_ended_and_its_file_is_not_to_blame(place: Place, doom: Doom) -> None:
    place.upload("doomed", log(10))
    doom("SIGSTOP with its claim known")
    stop = Deadline(lambda: 0 if "PROCESSING" in states(place.tools.database).values() else 1e9)
    done, said = a_pass(place, stopping_seconds=1, deadline=stop)
    assert (done.loaded, done.died) == (0, 1)
    assert "it did not stop within 1 s" in said[0]
    assert (file_record(place, "doomed").status, file_record(place, "doomed").attempts) == ("PENDING", 0)


def test_loaders_that_never_live_to_load_end_the_run_with_a_sentence(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.upload("a", log(10))
    monkeypatch.setattr(loader, "serve", die_at_once)
    monkeypatch.setattr("ingestor.run.processes.MAX_STILLBORN", 3)
    with pytest.raises(LoadersDyingError, match=r"3 loading processes in a row died .* exit status 7"):
        a_pass(place)
    assert states(place.tools.database) == {"a": "PENDING"}
