"""`ingestor run` through outages of S3: it says so, waits, and goes on."""

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.integration.conftest import CommandLine
from tests.support.gate import Gate, gate
from tests.support.ledger_steps import states
from tests.support.loading_processes import log, rows
from tests.support.operating import at
from tests.support.running import a_pass
from tests.support.running_commands import running
from tests.support.sweeping import Place
from tests.support.waiting import wait_for

from ingestor import bootstrap
from ingestor.errors import SourceUnavailableError
from ingestor.ledger import ending
from ingestor.model.source_file import SourceFile
from ingestor.sources.s3 import S3Body, S3Objects


@pytest.fixture
def command(place: Place, ingestor: CommandLine) -> CommandLine:
    return at(place, ingestor).using({"QUEUE_URL": "", "DLQ_URL": ""})


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


def test_whether_s3_answers_is_told_from_what_it_refuses(place: Place, s3_gate: Gate) -> None:
    gated = S3Objects(
        bootstrap.s3_client(place.tools.settings.model_copy(update={"aws_endpoint": s3_gate.url}))
    )
    assert gated.answers(place.bucket)
    assert gated.answers("no-such-bucket-anywhere")
    s3_gate.close()
    assert not gated.answers(place.bucket)
