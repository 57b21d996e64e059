"""Whatever befalls the database, wherever the worker is: every entry once, when it is well again."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.faults.conftest import MakeArena
from tests.faults.database_faults import DatabaseFaults
from tests.faults.doom import Doom
from tests.faults.event_source import EventSource
from tests.faults.scale import SCALE, long
from tests.faults.scenarios import Scenarios
from tests.faults.settling import conclude
from tests.faults.storm import Plan, Storm
from tests.faults.workers import Workers
from tests.support.own_server import OwnServer

from ingestor.database import ConnectionParameters

FUNCTION_SECONDS = 60.0

WORKER = (
    ("load", "before claim"),
    ("load", "before COMMIT of claim"),
    ("load", "after write_row"),
    ("load", "before COMMIT of advance"),
    ("load", "after COMMIT of advance"),
    ("load", "before COMMIT of complete"),
    ("replace", "after unload"),
    ("move a month", "before COMMIT of move_month_out_of_default"),
    ("reload", "before COMMIT of record_unloaded"),
    ("due", "before COMMIT of requeue_due"),
)
FAULTS = (
    "immediate stop",
    "crash and recovery",
    "restart",
    "terminated backends",
    "read-only",
    "no connections",
    "locked tables",
)
# A deadlock needs somebody who holds a file's lock.
DEADLOCK = [("deadlock", "load", "after write_row"), ("deadlock", "load", "after copy_batch")]

EVERYTHING = [*((fault, *place) for place in WORKER for fault in FAULTS), *DEADLOCK]
A_PART = [
    ("crash and recovery", "load", "after write_row"),
    ("terminated backends", "load", "after COMMIT of advance"),
    ("read-only", "load", "before COMMIT of claim"),
    ("crash and recovery", "move a month", "before COMMIT of move_month_out_of_default"),
    DEADLOCK[1],
]


@pytest.fixture(scope="module")
def server(reachable_folder: Path, postgres_binaries: Path | None) -> Iterator[OwnServer]:
    with OwnServer(reachable_folder / "faults", postgres_binaries, max_connections=20) as own:
        yield own


@pytest.fixture
def database_parameters(server: OwnServer) -> Iterator[ConnectionParameters]:
    with server.fresh_database() as parameters:
        yield parameters


@pytest.mark.timeout(900)
def test_a_database_that_fails_amid_any_step_costs_time_and_nothing_else(
    server: OwnServer, make_arena: MakeArena, workers: Workers, report: Callable[..., None]
) -> None:
    arena = make_arena()
    scenarios = Scenarios(arena, workers, SCALE.rng("database"))
    faults = DatabaseFaults(server, arena)
    met = 0
    for fault, scenario, point in EVERYTHING if SCALE.is_long else A_PART:
        worker = scenarios.start(scenario, Doom(point, signal="SIGSTOP"))
        assert worker.stopped.wait(30), f"{scenario}: {point} was not reached"
        with faults.named(fault):
            worker.wake()
            if worker.role == "command":
                worker.ended.wait(FUNCTION_SECONDS)
            else:
                EventSource(arena, scenarios.seen, seconds=FUNCTION_SECONDS).answer(worker)
        worker.end()
        met += 1
    conclude(arena, workers, scenarios.seen, report, faults=met)


@long
@pytest.mark.timeout(4 * 3600)
def test_a_storm_of_kills_in_bad_weather_of_the_database_loses_and_doubles_nothing(
    server: OwnServer, make_arena: MakeArena, workers: Workers, report: Callable[..., None]
) -> None:
    arena = make_arena()
    faults = DatabaseFaults(server, arena)
    met = Counter[str]()

    def weather(rng: random.Random) -> None:
        name = rng.choice(FAULTS)
        with faults.named(name):
            time.sleep(rng.uniform(0.1, 1.5))
        met[name] += 1
        time.sleep(rng.uniform(1, 4))

    plan = Plan(kills=SCALE.kills, seconds=SCALE.seconds / 2)
    tally = Storm(arena, workers, plan, "weather", weather=weather).rage()
    assert not tally.troubles
    conclude(
        arena, workers, tally.seen, report, **tally.figures(), weather=met.total(), weather_by_kind=dict(met)
    )
    assert met.total() >= plan.seconds / 12, "a storm with hardly any weather proves nothing"
