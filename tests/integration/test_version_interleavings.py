"""A key overwritten, deleted and notified in any order, with any worker stopped between any two of its steps.

hypothesis draws a script. Its actions are done one after the other, and some of them in the midst of another: a worker
stops before each transaction and around each request to S3, and the next actions of the script happen there.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.versions_source import BROKEN
from tests.support.versions_world import Action, World

from ingestor.database import ConnectionParameters, Database
from ingestor.settings import OnOverwrite


def actions() -> st.SearchStrategy[Action]:
    uploads = st.builds(Action, st.just("upload"), st.sampled_from(["A", "B", "C", BROKEN]))
    common = st.builds(Action, st.just("deliver"), number=st.integers(0, 3))
    rare = st.builds(
        Action,
        st.sampled_from(["delete", "purge", "duplicate", "bury", "kill", "expire", "sweep"]),
        number=st.integers(0, 5),
    )
    return st.one_of(uploads, common, rare)


@pytest.mark.parametrize("mode", OnOverwrite)
@pytest.mark.parametrize("is_versioned", [False, True], ids=["unversioned", "versioned"])
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    with_etags=st.sampled_from([True, True, True, False]),
    actions=st.lists(actions(), min_size=2, max_size=14),
    gaps=st.lists(st.integers(0, 2), max_size=40),
)
def test_after_settling_the_ledger_holds_what_the_key_holds(
    database: Database,
    database_parameters: ConnectionParameters,
    *,
    mode: OnOverwrite,
    with_etags: bool,
    is_versioned: bool,
    actions: list[Action],
    gaps: list[int],
) -> None:
    world = World(database_parameters, database, mode, is_versioned, with_etags, list(actions), list(gaps))
    world.run()
    world.settle()
    world.check()
    world.check_rest()
