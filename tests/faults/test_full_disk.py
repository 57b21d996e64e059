"""No room left on the database's disk, in the middle of a file."""

import os
import pwd
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from tests.faults.arena import Arena
from tests.faults.aws import Aws
from tests.faults.doom import Doom
from tests.faults.event_source import EventSource, Invocations
from tests.faults.scale import SCALE, long
from tests.faults.settling import conclude
from tests.faults.workers import Workers
from tests.support.own_server import OwnServer

from ingestor.database import ConnectionParameters
from ingestor.database.server_account import UNPRIVILEGED_USER

ENTRIES = 2_000
CHUNK_ROWS = "200"
TABLESPACE_MIB, DATA_MIB = 40, 220
RECOVERED_SECONDS = 60.0
BLOCK = b"\0" * 65_536


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[Path]:
    """Skips where nothing may be mounted."""
    folder.mkdir()
    command: list[str | Path] = ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0711", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk is a tmpfs, and this user may not mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(BLOCK)
    yield
    ballast.unlink()


@pytest.fixture
def disk(reachable_folder: Path, unique_name: Callable[[str], str]) -> Iterator[Path]:
    with small_disk(reachable_folder / unique_name("disk"), TABLESPACE_MIB) as mounted:
        yield mounted


@pytest.fixture
def data_disk(reachable_folder: Path, unique_name: Callable[[str], str]) -> Iterator[Path]:
    with small_disk(reachable_folder / unique_name("disk"), DATA_MIB) as mounted:
        yield mounted


@pytest.fixture
def on_small_tablespace(
    disk: Path, reachable_folder: Path, postgres_binaries: Path | None, unique_name: Callable[[str], str]
) -> Iterator[ConnectionParameters]:
    """The database's files are on the small disk, the server's own and its WAL are not."""
    place = disk / "tablespace"
    place.mkdir(mode=0o700)
    account = pwd.getpwnam(UNPRIVILEGED_USER)
    os.chown(place, account.pw_uid, account.pw_gid)
    with OwnServer(reachable_folder / unique_name("full"), postgres_binaries) as server:
        with server.connect() as connection:
            connection.execute(
                psycopg.sql.SQL("CREATE TABLESPACE small LOCATION {}").format(psycopg.sql.Literal(str(place)))
            )
        with server.fresh_database("small") as parameters:
            yield parameters


def failed_amid_a_file(arena: Arena, workers: Workers, seen: Invocations, disk: Path) -> list[str]:
    """The messages that the handler gave back: the disk was filled while it copied rows."""
    arena.notify(arena.upload("a.json.gz", ENTRIES, SCALE.rng("full disk")))
    source = EventSource(arena, seen)
    with workers.worker("serve", doom=Doom("after COMMIT of advance", signal="SIGSTOP")) as worker:
        batch = source.receive()
        worker.ask({"Records": batch}, seconds=60)
        assert worker.stopped.wait(60)
        with full(disk):
            worker.wake()
            answer = source.answer(worker)
        source.settle(batch, answer)
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]] if answer else []


def test_a_full_disk_costs_time_and_nothing_else(
    on_small_tablespace: ConnectionParameters,
    disk: Path,
    aws: Aws,
    workers: Workers,
    unique_name: Callable[[str], str],
    report: Callable[..., None],
) -> None:
    arena = Arena(on_small_tablespace, aws.endpoint, unique_name("faults"), {"CHUNK_ROWS": CHUNK_ROWS})
    workers.arrange(arena.environment)
    seen = Invocations()
    assert failed_amid_a_file(arena, workers, seen, disk), "the disk was not felt to be full"
    conclude(arena, workers, seen, report)


@long
def test_a_disk_too_full_for_the_servers_own_log_costs_time_and_nothing_else(
    data_disk: Path,
    postgres_binaries: Path | None,
    aws: Aws,
    workers: Workers,
    unique_name: Callable[[str], str],
    report: Callable[..., None],
) -> None:
    """PostgreSQL ends itself when its WAL has no room, and recovers when it has."""
    with (
        OwnServer(data_disk / "postgres", postgres_binaries) as server,
        server.fresh_database() as parameters,
    ):
        arena = Arena(parameters, aws.endpoint, unique_name("faults"), {"CHUNK_ROWS": CHUNK_ROWS})
        workers.arrange(arena.environment)
        seen = Invocations()
        arena.notify(arena.upload("a.json.gz", ENTRIES, SCALE.rng("full WAL")))
        source = EventSource(arena, seen)
        with workers.worker("serve", doom=Doom("after COMMIT of advance", signal="SIGSTOP")) as worker:
            batch = source.receive()
            worker.ask({"Records": batch}, seconds=60)
            assert worker.stopped.wait(60)
            with full(data_disk):
                assert has_ended_for_want_of_room(server)
                worker.wake()
                source.settle(batch, source.answer(worker))
        wait_until_recovered(server)
        conclude(arena, workers, seen, report)


def wait_until_recovered(server: OwnServer) -> None:
    """By itself it tried to start again, and again, while there was no room; now it recovers."""
    until = time.monotonic() + RECOVERED_SECONDS
    while time.monotonic() < until:
        server.start()
        with suppress(psycopg.OperationalError), server.connect():
            return
        time.sleep(0.1)
    raise TimeoutError("the server did not recover")


def has_ended_for_want_of_room(server: OwnServer) -> bool:
    try:
        with server.connect() as connection:
            for _ in range(20):
                connection.execute(
                    "SELECT pg_logical_emit_message(true, 'ballast', repeat('x', 1000)), pg_switch_wal()"
                )
    except psycopg.OperationalError:
        return True
    return False
