"""Whatever is killed or frozen, whenever: every entry once, and nothing left to do."""

import time
from collections.abc import Callable

from tests.faults.conftest import MakeArena
from tests.faults.scale import SCALE
from tests.faults.settling import conclude
from tests.faults.storm import Plan, Storm
from tests.faults.workers import Workers


def test_a_storm_of_kills_loses_and_doubles_nothing(
    make_arena: MakeArena, workers: Workers, report: Callable[..., None]
) -> None:
    arena = make_arena()
    began = time.monotonic()
    tally = Storm(arena, workers, Plan(SCALE.kills, SCALE.seconds), "kills").rage()
    raged = round(time.monotonic() - began)
    assert not tally.troubles
    conclude(arena, workers, tally.seen, report, **tally.figures(), seconds=raged)
    assert tally.killed >= min(SCALE.kills, SCALE.seconds), "a storm that hardly killed proves nothing"
