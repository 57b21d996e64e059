"""`ingestor run` and `local` through outages of the database: they say so, wait, and go on."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.conftest import CommandLine
from tests.support.ledger_steps import states
from tests.support.loading_processes import log, rows
from tests.support.operating import at, file_record
from tests.support.own_server import OwnServer
from tests.support.running_commands import running
from tests.support.sweeping import Place
from tests.support.waiting import wait_for

from ingestor.database import ConnectionParameters

LARGE = 60_000
"""Entries of one chunk that takes seconds."""


@pytest.fixture(scope="module")
def server(reachable_folder: Path, postgres_binaries: Path | None) -> Iterator[OwnServer]:
    with OwnServer(reachable_folder / "run-outages", postgres_binaries) as own:
        yield own


@pytest.fixture
def database_parameters(server: OwnServer) -> Iterator[ConnectionParameters]:
    with server.fresh_database() as parameters:
        yield parameters


@pytest.fixture
def command(place: Place, ingestor: CommandLine) -> CommandLine:
    return at(place, ingestor).using(
        {"QUEUE_URL": "", "DLQ_URL": "", "CHUNK_ROWS": "1000000", "CHUNK_BYTES": "67108864"}
    )


def wait_until_held(place: Place, key: str, *, after_version: int = 0) -> int:
    """By another claim than that one; the new one's version."""

    def version_of_claim() -> int | None:
        with place.tools.database.transaction() as connection:
            row = connection.execute(
                "SELECT version FROM processed_files "
                "WHERE s3_key = %s AND status = 'PROCESSING' AND version > %s",
                (key, after_version),
            ).fetchone()
        return row[0] if row else None

    return wait_for(version_of_claim)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_five_crashes_of_the_database_during_a_first_chunk_do_not_wear_the_file_out(
    command: CommandLine, place: Place, server: OwnServer, workers: str
) -> None:
    place.upload("large", log(LARGE))
    version = 0
    with running(command, "run", "--bucket", place.bucket, "--workers", workers, "--json") as run:
        for _ in range(5):
            version = wait_until_held(place, "large", after_version=version)
            server.crash()
            server.start()
        [report] = run.reports()
        assert run.ended() == 0, run.said
    assert report["failures"] == []
    assert rows(place) == {"large": LARGE}
    assert file_record(place, "large").attempts == 0
    assert sum("answering again after" in line for line in run.said) == 5


def test_runs_that_die_with_the_database_do_not_wear_the_file_out(
    command: CommandLine, place: Place, server: OwnServer
) -> None:
    """They can't give their claims back."""
    place.upload("large", log(LARGE))
    hasty = command.using({"LEASE_SECONDS": "1", "MAX_ATTEMPTS": "2"})
    version = 0
    for _ in range(3):
        with running(hasty, "run", "--bucket", place.bucket, "--wait", "0s") as run:
            version = wait_until_held(place, "large", after_version=version)
            server.crash()
            assert run.ended() == 1
            server.start()
        wait_for(lambda: _is_due(place, "large"))
    assert command("run", "--bucket", place.bucket).status == 0
    assert rows(place) == {"large": LARGE}


def _is_due(place: Place, key: str) -> bool:
    with place.tools.database.transaction() as connection:
        row = connection.execute(
            "SELECT due_at <= clock_timestamp() FROM files WHERE s3_key = %s", (key,)
        ).fetchone()
    return row is not None and bool(row[0])


def test_a_run_waits_for_a_database_that_is_not_there_yet(
    command: CommandLine, place: Place, server: OwnServer
) -> None:
    place.upload("a", log(10))
    server.stop()
    with running(command, "run", "--bucket", place.bucket) as run:
        run.wait_for("waiting up to 300 s")
        server.start()
        assert run.ended() == 0
    assert rows(place) == {"a": 10}


def test_a_database_that_lets_nobody_in_is_no_outage(command: CommandLine, place: Place) -> None:
    answer = command.using({"DB_NAME": "nothing"})("run", "--bucket", place.bucket)
    assert answer.status == 1
    listing, sentence = answer.stderr.splitlines()
    assert listing.startswith("ingestor: listing s3://")
    assert 'database "nothing" does not exist' in sentence


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_outage_longer_than_asked_for_ends_a_run_with_one_sentence(
    command: CommandLine, place: Place, server: OwnServer, workers: str
) -> None:
    place.upload("large", log(LARGE))
    with running(command, "run", "--bucket", place.bucket, "--wait", "1s", "--workers", workers) as run:
        wait_until_held(place, "large")
        server.crash()
        assert run.ended() == 1
        server.start()
    listing, *progress, outage, end = run.said
    assert listing.startswith("ingestor: listing s3://")
    assert all(each.startswith("ingestor: 1 object listed, ") for each in progress)
    assert "waiting up to 1 s" in outage
    assert end.startswith("ingestor: ")


def test_a_wait_of_nothing_is_none(command: CommandLine, place: Place, server: OwnServer) -> None:
    server.stop()
    answer = command("run", "--bucket", place.bucket, "--wait", "0s")
    server.start()
    assert answer.status == 1
    listing, _sentence = answer.stderr.splitlines()
    assert listing.startswith("ingestor: listing s3://")
    assert "waiting" not in answer.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_loop_survives_a_restart_of_the_database(
    command: CommandLine, place: Place, server: OwnServer, workers: str
) -> None:
    loop = ("run", "--bucket", place.bucket, "--every", "1s", "--workers", workers, "--json")
    with running(command, *loop) as run:
        reports = run.reports()
        next(reports)
        server.stop()
        run.wait_for("waiting until it answers")
        place.upload("a", log(10))
        server.start()
        run.wait_for("answering again after")
        next(each for each in reports if each["loaded"] == 1)
        assert run.stopped() == 128 + signal.SIGTERM
    assert rows(place) == {"a": 10}


def test_a_loop_that_waits_can_be_stopped(command: CommandLine, place: Place, server: OwnServer) -> None:
    server.stop()
    with running(command, "run", "--bucket", place.bucket, "--every", "1s") as run:
        run.wait_for("waiting until it answers")
        assert run.stopped() == 128 + signal.SIGTERM
    server.start()


def test_local_rides_out_a_crash_of_the_database(
    command: CommandLine, place: Place, server: OwnServer, tmp_path: Path
) -> None:
    (tmp_path / "large.json.gz").write_bytes(log(LARGE))
    key = str(tmp_path / "large.json.gz")
    with running(command, "local", "large.json.gz") as run:
        wait_until_held(place, key)
        server.crash()
        run.wait_for("waiting up to 300 s")
        server.start()
        assert run.ended() == 0, run.said
    assert rows(place) == {key: LARGE}
    assert states(place.tools.database) == {key: "COMPLETED"}
