"""A COMMIT that is lost, or whose answer is lost, late, or never comes, in any chunk of a file."""

from collections.abc import Callable

import pytest
from tests.faults.arena import LEASE_SECONDS
from tests.faults.commit_proxy import CommitProxy, Lost
from tests.faults.conftest import MakeArena
from tests.faults.event_source import EventSource, Invocations
from tests.faults.scale import SCALE
from tests.faults.settling import conclude
from tests.faults.workers import Workers

from ingestor.database import ConnectionParameters

CHUNKS = 4
ENTRIES = 24
FUNCTION_SECONDS = 12.0
"""Less than a transaction may take: it is the function's time that ends the silence."""

EVERYTHING = [(lost, chunk) for lost in Lost for chunk in range(1, CHUNKS + 1)]
A_PART = [(Lost.COMMIT, 2), (Lost.ANSWER, CHUNKS), (Lost.LATE, CHUNKS)]


@pytest.mark.parametrize(("lost", "chunk"), EVERYTHING if SCALE.is_long else A_PART)
def test_a_chunk_is_loaded_once_whatever_becomes_of_its_commit(
    make_arena: MakeArena,
    workers: Workers,
    database_parameters: ConnectionParameters,
    report: Callable[..., None],
    lost: Lost,
    chunk: int,
) -> None:
    server = database_parameters
    with CommitProxy(
        server.host, server.port, lost=lost, at=chunk, late_seconds=1.5 * LEASE_SECONDS
    ) as proxy:
        arena = make_arena(DB_PORT=str(proxy.port))
        arena.notify(arena.upload("a.json.gz", ENTRIES, SCALE.rng(f"{lost} {chunk}")))
        seen = Invocations()
        with workers.worker("serve") as worker:
            EventSource(arena, seen, seconds=FUNCTION_SECONDS).poll(worker)
        conclude(arena, workers, seen, report, lost_is=lost.name, chunk=chunk)
    assert proxy.met == 1
