"""A claim that ended with the database's restart is no dead worker, though its worker died with it."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from tests.support.ledger_steps import FILE, all_due, completed
from tests.support.own_server import OwnServer
from tests.support.waiting import wait_for

from ingestor import ledger
from ingestor.database import ConnectionParameters, Database

MAX_ATTEMPTS = 3


@pytest.fixture(scope="module")
def server(reachable_folder: Path, postgres_binaries: Path | None) -> Iterator[OwnServer]:
    with OwnServer(reachable_folder / "restarts", postgres_binaries) as own:
        yield own


@pytest.fixture
def database_parameters(server: OwnServer) -> Iterator[ConnectionParameters]:
    with server.fresh_database() as parameters:
        yield parameters


def restart(server: OwnServer) -> None:
    server.restart()


def crash(server: OwnServer) -> None:
    server.crash()
    server.start()


def lose_a_backend(server: OwnServer) -> None:
    """As by the OOM killer: the postmaster lives, and ends all sessions."""
    with server.connect() as victim, server.connect() as neighbour:
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        wait_for(lambda: not _answers(lambda: neighbour.execute("SELECT 1")))
    wait_for(lambda: _answers(lambda: server.connect().close()))


def _answers(question: Callable[[], object]) -> bool:
    try:
        question()
    except psycopg.OperationalError:
        return False
    return True


def nothing(_server: OwnServer) -> None:
    pass


def claim(database: Database) -> ledger.ClaimAnswer:
    with database.transaction() as connection:
        return ledger.claim(connection, FILE, lease_seconds=60, max_attempts=MAX_ATTEMPTS, skip_newer=False)


def claimed_again(database: Database) -> bool:
    return isinstance(claim(database), ledger.Claim)


def requeued_and_claimed(database: Database) -> bool:
    with database.transaction() as connection:
        ledger.requeue_due(connection, limit=9, max_attempts=MAX_ATTEMPTS, buckets=())
    return isinstance(claim(database), ledger.Claim)


def replaced(database: Database) -> bool:
    """By a worker that finds other bytes under the key."""
    with database.transaction() as connection:
        ledger.announce_version(connection, replace(FILE, etag="e2"), skip_newer=False)
    answer = claim(database)
    if not isinstance(answer, ledger.AnotherVersion):
        return False
    with database.transaction() as connection:
        found = ledger.claim_for_replacement(connection, answer, replace(FILE, etag="e2"), lease_seconds=60)
    return found is not None


@pytest.mark.parametrize("take", [claimed_again, requeued_and_claimed, replaced])
@pytest.mark.parametrize(
    ("end", "is_worn_out"), [(restart, False), (crash, False), (lose_a_backend, False), (nothing, True)]
)
def test_workers_that_end_with_the_database_do_not_wear_a_file_out(
    database: Database,
    server: OwnServer,
    end: Callable[[OwnServer], None],
    take: Callable[[Database], bool],
    *,
    is_worn_out: bool,
) -> None:
    """The control: without a restart, the same deaths do."""
    if take is replaced:
        completed(database)
    taken = 0
    for _ in range(MAX_ATTEMPTS + 3):
        taken += take(database)
        end(server)
        database.close()
        all_due(database)
    assert (taken < MAX_ATTEMPTS + 3) == is_worn_out


def test_a_worker_that_dies_after_the_restart_counts(database: Database, server: OwnServer) -> None:
    restart(server)
    for _ in range(MAX_ATTEMPTS):
        assert claimed_again(database)
        all_due(database)
    assert isinstance(claim(database), ledger.FailedPermanently)
