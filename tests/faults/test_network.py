"""Faults between a worker and S3, SQS or PostgreSQL: nothing outlasts the function, and all is loaded later."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest
from tests.faults.arena import Arena
from tests.faults.aws import Aws
from tests.faults.conftest import MakeArena
from tests.faults.doom import Doom
from tests.faults.event_source import EventSource, Invocations
from tests.faults.proxy import Conditions, Fault, Proxy
from tests.faults.scale import SCALE
from tests.faults.settling import conclude
from tests.faults.workers import Workers

from ingestor.database import ConnectionParameters

FUNCTION_SECONDS = 60.0
"""The shortest that the template allows."""

FILES = 4 if SCALE.is_long else 1
ENTRIES = 24

S3, SQS, POSTGRES = "S3", "SQS", "PostgreSQL"
FREEZE = "FREEZE"
"""The server's process itself is stopped."""

FAULTS = [fault.name for fault in Fault if fault is not Fault.NONE] + [FREEZE]
PLACES = ("before claim", "after open", "after write_row", "after COMMIT of advance")
"""Where the worker is when the fault begins."""

SENDING = "before COMMIT of release"
"""It is about to send the file on."""

EVERYTHING = [
    *((service, fault, place) for service in (S3, POSTGRES) for fault in FAULTS for place in PLACES),
    *((SQS, fault, SENDING) for fault in FAULTS),
]
A_PART = [
    (S3, "TRUNCATE", "before claim"),
    (POSTGRES, "RESET", "after write_row"),
    (SQS, "RESET", SENDING),
]


@dataclass
class Between:
    """The proxies of one test, and how they are made to fail."""

    aws: Proxy
    postgres: Proxy
    aws_pid: int

    def fault(self, arena: Arena, service: str, fault: str) -> AbstractContextManager[None]:
        if fault == FREEZE:
            return frozen(backends(arena) if service == POSTGRES else [self.aws_pid])
        return self._disturbed(service, Fault[fault])

    def felt(self) -> int:
        return self.aws.conditions.felt + self.postgres.conditions.felt

    @contextmanager
    def _disturbed(self, service: str, fault: Fault) -> Iterator[None]:
        proxy = self.postgres if service == POSTGRES else self.aws
        conditions: Conditions = proxy.conditions
        if service != POSTGRES:
            conditions.only = lambda first: (b"AmazonSQS" in first) == (service == SQS)
        conditions.fault = fault
        yield
        conditions.fault = Fault.NONE
        if fault is Fault.BLACK_HOLE:
            # What it swallowed stays swallowed: those connections are gone.
            proxy.drop_all()


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def backends(arena: Arena) -> list[int]:
    """Of the workers' connections."""
    with arena.connect() as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return [pid for (pid,) in rows]


@pytest.fixture
def between(aws: Aws, database_parameters: ConnectionParameters) -> Iterator[Between]:
    server = database_parameters
    with Proxy("127.0.0.1", aws.port) as to_aws, Proxy(server.host, server.port) as to_postgres:
        yield Between(to_aws, to_postgres, aws.pid)


@pytest.fixture
def arena(make_arena: MakeArena, between: Between) -> Arena:
    """Its workers come through the proxies, and we don't."""
    return make_arena(AWS_ENDPOINT=f"http://127.0.0.1:{between.aws.port}", DB_PORT=str(between.postgres.port))


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("service", "fault", "place"), EVERYTHING if SCALE.is_long else A_PART)
def test_a_fault_of_the_network_costs_time_and_nothing_else(
    arena: Arena,
    between: Between,
    workers: Workers,
    report: Callable[..., None],
    service: str,
    fault: str,
    place: str,
) -> None:
    rng = SCALE.rng(f"{service} {fault} {place}")
    for number in range(FILES):
        arena.notify(arena.upload(f"{number}.json.gz", ENTRIES, rng))
    seen = Invocations()
    source = EventSource(arena, seen, seconds=FUNCTION_SECONDS)
    with workers.worker("serve", doom=Doom(place, signal="SIGSTOP")) as worker:
        batch = source.receive()
        worker.ask({"Records": batch}, seconds=FUNCTION_SECONDS, is_short=place == SENDING)
        assert worker.stopped.wait(30), f"{place} was not reached"
        with between.fault(arena, service, fault):
            worker.wake()
            answer = source.answer(worker)
        source.settle(batch, answer)
    felt = between.felt()
    conclude(arena, workers, seen, report, service=service, fault=fault, place=place, felt=felt)
    assert felt or fault == FREEZE, "the worker did not come by the fault"
