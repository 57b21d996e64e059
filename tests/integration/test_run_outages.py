"""`ingestor run` and `local` through outages of the database and of S3: they say so, wait, and go on."""

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.conftest import CommandLine
from tests.support.gate import Gate, gate
from tests.support.ledger_steps import states
from tests.support.loading_processes import log, rows
from tests.support.operating import at, file_record
from tests.support.own_server import OwnServer
from tests.support.running import a_pass
from tests.support.sweeping import Place
from tests.support.waiting import wait_for

from ingestor import bootstrap
from ingestor.database import ConnectionParameters
from ingestor.errors import SourceUnavailableError
from ingestor.ledger import ending
from ingestor.model.source_file import SourceFile
from ingestor.sources.s3 import S3Body, S3Objects

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


class Running:
    """A command that runs, and what it says as it comes."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.said: list[str] = []
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def wait_for(self, text: str) -> None:
        wait_for(lambda: any(text in line for line in self.said))

    def reports(self) -> Iterator[dict[str, object]]:
        """Of its passes."""
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            yield json.loads(line)

    def ended(self) -> int:
        return self.process.wait(timeout=200)

    def stopped(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(iter(self.process.stderr.readline, ""))


@contextmanager
def running(command: CommandLine, *arguments: str) -> Iterator[Running]:
    run = Running(command.start(*arguments))
    try:
        yield run
    finally:
        run.close()


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
    listing, outage, end = run.said
    assert listing.startswith("ingestor: listing s3://")
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


@pytest.fixture
def s3_gate(s3_server: str) -> Iterator[Gate]:
    with gate(s3_server) as made:
        yield made


@pytest.fixture
def gated(command: CommandLine, s3_gate: Gate) -> CommandLine:
    return command.using({"AWS_ENDPOINT_URL": s3_gate.url})


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_rides_out_a_restart_of_s3(
    gated: CommandLine, place: Place, s3_gate: Gate, workers: str
) -> None:
    """Each file is one chunk; S3 goes while there are some to load."""
    for number in range(12):
        place.upload(f"{number:02}", log(500))
    slow = ("run", "--bucket", place.bucket, "--workers", workers, "--rate", "1000", "--json")
    with running(gated, *slow) as run:
        wait_for(lambda: "COMPLETED" in states(place.tools.database).values())
        s3_gate.close()
        run.wait_for("waiting up to 300 s")
        s3_gate.open()
        [report] = run.reports()
        assert run.ended() == 0, run.said
    assert (report["loaded"], report["failures"]) == (12, [])
    assert set(rows(place).values()) == {500}


def test_a_loop_survives_a_restart_of_s3(gated: CommandLine, place: Place, s3_gate: Gate) -> None:
    with running(gated, "run", "--bucket", place.bucket, "--every", "1s", "--json") as run:
        reports = run.reports()
        next(reports)
        s3_gate.close()
        run.wait_for("waiting until it answers")
        place.upload("a", log(10))
        s3_gate.open()
        next(each for each in reports if each["loaded"] == 1)
        assert run.stopped() == 128 + signal.SIGTERM


def test_a_loop_goes_on_after_a_pass_that_a_person_has_to_mend(command: CommandLine, place: Place) -> None:
    with running(command, "run", "--bucket", place.bucket, "--every", "1s", "--json") as run:
        reports = run.reports()
        next(reports)
        place.s3.delete_bucket(Bucket=place.bucket)
        run.wait_for("no such bucket")
        place.s3.create_bucket(Bucket=place.bucket)
        place.upload("a", log(10))
        next(each for each in reports if each["loaded"] == 1)
        assert run.stopped() == 128 + signal.SIGTERM


class BreaksOnce(S3Objects):
    """The first object asked for is not given, though S3 is well."""

    is_broken = False

    def open(self, file: SourceFile, /) -> S3Body:
        if not self.is_broken:
            self.is_broken = True
            raise SourceUnavailableError(f"{file.uri}: the cable was cut")
        return super().open(file)


@pytest.mark.parametrize(("looks_again", "expected"), [(True, "COMPLETED"), (False, "FAILED")])
def test_what_failed_for_now_is_tried_once_more_before_a_single_run_ends(
    place: Place, monkeypatch: pytest.MonkeyPatch, expected: str, *, looks_again: bool
) -> None:
    monkeypatch.setattr(ending, "BACKOFF_FIRST_SECONDS", 1)
    place.upload("a", log(10))
    done = a_pass(replace(place.tools, objects=BreaksOnce(place.s3)), looks_again=looks_again)
    assert states(place.tools.database) == {"a": expected}
    assert (done.loaded, len(done.failures)) == ((1, 0) if looks_again else (0, 1))


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


def test_whether_s3_answers_is_told_from_what_it_refuses(place: Place, s3_gate: Gate) -> None:
    gated = S3Objects(
        bootstrap.s3_client(place.tools.settings.model_copy(update={"aws_endpoint": s3_gate.url}))
    )
    assert gated.answers(place.bucket)
    assert gated.answers("no-such-bucket-anywhere")
    s3_gate.close()
    assert not gated.answers(place.bucket)
