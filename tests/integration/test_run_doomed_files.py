"""Files whose loading process dies, freezes or doesn't stop over them: they go on, or are worn out."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.support.ledger_steps import states
from tests.support.loading_processes import die_at_once, log, rows, serve_as_told
from tests.support.operating import file_record
from tests.support.running import Silent
from tests.support.sweeping import Place

from ingestor.database import ConnectionParameters
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.run import Pass, Patience, Processes, RunContext, RunScope, loader, run_once
from ingestor.run.processes import LoadersDyingError

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
        on_death=said.append, on_read=lambda _: None, silent_seconds=silent_seconds, stopping_seconds=stopping_seconds,
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
