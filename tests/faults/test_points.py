"""A worker that ends, or sleeps past its lease, at each named point between two steps."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from tests.faults.conftest import MakeArena
from tests.faults.doom import Doom
from tests.faults.points import SCENARIOS
from tests.faults.scale import SCALE
from tests.faults.scenarios import Scenarios
from tests.faults.settling import conclude, settle
from tests.faults.workers import Workers

type Place = tuple[str, str]
"""A scenario, and a point that its worker comes by."""

HITS = 3 if SCALE.is_long else 1
REACHED_SECONDS = 90
EVERYWHERE: list[Place] = [(scenario, point) for scenario, points in SCENARIOS.items() for point in points]
HERE_AND_THERE: list[Place] = SCALE.rng("points").sample(EVERYWHERE, 14)

KILLED_AT = EVERYWHERE if SCALE.is_long else HERE_AND_THERE
FROZEN_AT: dict[str, list[Place]] = (
    {scenario: [(scenario, point) for point in points] for scenario, points in SCENARIOS.items()}
    if SCALE.is_long
    else {"some": HERE_AND_THERE[:5]}
)


def test_a_worker_killed_at_any_named_point_leaves_nothing_that_the_others_do_not_finish(
    make_arena: MakeArena, workers: Workers, report: Callable[..., None]
) -> None:
    arena = make_arena()
    scenarios = Scenarios(arena, workers, SCALE.rng("killed"))
    kills = 0
    for hit in range(1, HITS + 1):
        for scenario, point in KILLED_AT:
            worker = scenarios.start(scenario, Doom(point, hit))
            worker.ended.wait(REACHED_SECONDS if hit == 1 else 3)  # nobody comes by every point three times
            worker.end()
            assert worker.was_killed or hit > 1, f"{scenario}: {point} was not reached"
            kills += worker.was_killed
    scenarios.finish()
    conclude(arena, workers, scenarios.seen, report, kills=kills, points=len(KILLED_AT))


@pytest.mark.parametrize("places", FROZEN_AT.values(), ids=FROZEN_AT)
def test_workers_frozen_at_every_named_point_hold_nobody_up_and_change_nothing_when_they_wake(
    make_arena: MakeArena, workers: Workers, report: Callable[..., None], places: list[Place]
) -> None:
    arena = make_arena()
    scenarios = Scenarios(arena, workers, SCALE.rng(f"frozen {places}"))
    with ExitStack() as sleeping:
        for scenario, point in places:
            worker = scenarios.start(scenario, Doom(point, signal="SIGSTOP"))
            sleeping.callback(worker.end)  # wakes it, and waits until it has gone
            assert worker.stopped.wait(REACHED_SECONDS), f"{scenario}: {point} was not reached"
        scenarios.finish()
        assert settle(arena, workers, scenarios.seen), "while they slept, not everything was loaded"
    conclude(arena, workers, scenarios.seen, report, frozen=len(places))
