"""The sweeper's Lambda function over a real PostgreSQL and moto's S3 and SQS."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.e2e.conftest import BUCKET, FakeContext, Service, sample_event, time_runs_out_after

from handler.sweep import IncompleteSweepError, lambda_handler, sweep_runtime
from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import SourceUnavailableError
from ingestor.queues.sqs import SqsQueue


@pytest.fixture
def tick(
    service: Service, unique_name: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., dict[str, Any]]]:
    url = service.sqs.create_queue(QueueName=unique_name("dead-letters"))["QueueUrl"]
    monkeypatch.setenv("DLQ_URL", url)
    sweep_runtime.cache_clear()
    service.s3.create_bucket(Bucket=BUCKET)

    def invoke(context: FakeContext | None = None) -> dict[str, Any]:
        return lambda_handler(sample_event("sweep_tick.json"), context or FakeContext())  # type: ignore[arg-type]  # what we read of it

    yield invoke
    sweep_runtime().context.database.close()
    sweep_runtime.cache_clear()


def forgotten(database: Database, key: str) -> None:
    """A file whose message was lost."""
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO processed_files (bucket, s3_key, status, next_attempt_at) VALUES (%s, %s, 'PENDING', now())",
            (BUCKET, key),
        )


def said(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def test_a_forgotten_file_is_sent_and_the_handler_loads_it(
    tick: Callable[..., dict[str, Any]], service: Service, database: Database
) -> None:
    service.s3.put_object(Bucket=BUCKET, Key="lost.json", Body=b'{"time":1795432855268}\n')
    forgotten(database, "lost.json")
    assert tick()["due"]["sent"] == 1
    assert service.poll().failed == []
    with database.transaction() as connection:
        record = ledger.find_file(connection, BUCKET, "lost.json")
    assert record is not None
    assert (record.status, record.rows_loaded) == ("COMPLETED", 1)


def test_a_tick_says_one_line_and_its_gauges(
    tick: Callable[..., dict[str, Any]],
    database: Database,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    forgotten(database, "lost.json")
    tick()
    assert [record.message for record in caplog.records if record.name == "ingestor"] == ["swept"]
    metrics = [line for line in said(capsys.readouterr().out) if "_aws" in line]
    assert [line["DueSent"] for line in metrics] == [[1.0]]


def test_near_its_deadline_a_tick_ends_well_and_leaves_the_rest(
    tick: Callable[..., dict[str, Any]], database: Database
) -> None:
    forgotten(database, "lost.json")
    report = tick(time_runs_out_after(1))
    assert (report["due"]["sent"], report["due"]["is_complete"]) == (0, False)


def test_a_step_that_fails_is_told_and_the_others_are_done(
    tick: Callable[..., dict[str, Any]], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten(database, "lost.json")

    def refuse(_queue: SqsQueue, _bodies: list[str]) -> list[str]:
        raise SourceUnavailableError("the queue is gone")

    monkeypatch.setattr(SqsQueue, "send", refuse)
    with pytest.raises(IncompleteSweepError, match="requeue_due_files: the queue is gone"):
        tick()
