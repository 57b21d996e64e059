"""What happens to one file, foreseen or not, is that message's failure: logged, put off, counted; no neighbour's."""

import io
import json
import os
import signal
import time
from typing import Any

import psycopg
import pytest
from tests.e2e.conftest import BUCKET, FakeContext, Service
from tests.e2e.outage.conftest import come_again, deferred, everything, ledger, uploaded
from tests.support.connections import Connect

from handler import message
from handler.runtime import runtime
from ingestor import notifications as notification
from ingestor.database import Database
from ingestor.deadline import RESERVE_SECONDS, Deadline
from ingestor.errors import SourceUnavailableError
from ingestor.ingest import ingest
from ingestor.model.source_file import SourceFile
from ingestor.queues.sqs import SqsQueue
from ingestor.sinks import postgres as load

__all__ = ["deferred", "uploaded"]

DEFERRED = "30"


@pytest.fixture(autouse=True)
def short_lease(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - its settings come first
    monkeypatch.setenv("LEASE_SECONDS", "1")
    runtime.cache_clear()


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_file_that_somebody_holds_is_put_off_and_the_others_are_loaded(
    service: Service, database: Database, connect: Connect, uploaded: list[str], deferred: list[str]
) -> None:
    with connect() as holder:
        holder.execute(
            """INSERT INTO processed_files (bucket, s3_key, status, next_attempt_at)
               VALUES (%s, %s, 'PENDING', now())""",
            (BUCKET, uploaded[1]),
        )
        polled = service.poll()
        holder.rollback()
    assert len(polled.failed) == 1
    assert deferred == [DEFERRED]
    assert ledger(database) == everything([key for key in uploaded if key != uploaded[1]])
    come_again(service, polled)
    assert service.poll().failed == []
    assert ledger(database) == everything(uploaded)


def test_a_bug_met_by_one_file_is_logged_with_it_and_its_claim_is_given_back(
    service: Service,
    database: Database,
    uploaded: list[str],
    deferred: list[str],
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = runtime().worker.source

    def stumble(file: SourceFile) -> object:
        if file.key == uploaded[1]:
            raise ZeroDivisionError("nobody thought of it")
        return type(source).open(source, file)

    monkeypatch.setattr(source, "open", stumble)
    polled = service.poll()
    assert len(polled.failed) == 1
    assert deferred == [DEFERRED]
    expected = everything(uploaded) | {uploaded[1]: ("FAILED", 0, 0)}
    assert ledger(database) == expected
    (unexpected,) = (line for line in lines(log) if line["message"] == "unexpected failure")
    assert unexpected["key"] == uploaded[1]
    assert "ZeroDivisionError: nobody thought of it" in unexpected["exception"]
    assert '"FilesFailed": [1' in capsys.readouterr().out.replace('":[', '": [')


def test_a_bug_met_by_one_record_leaves_the_other_records_of_its_message_to_be_loaded(
    service: Service, database: Database, uploaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    etags = {
        each["Key"]: each["ETag"].strip('"') for each in service.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    }
    service.sqs.purge_queue(QueueUrl=service.queue_url)
    records = [
        {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "eventTime": "2026-11-23T12:00:00.000Z",
            "s3": {"bucket": {"name": BUCKET}, "object": {"key": key, "eTag": etags[key], "size": 9}},
        }
        for key in uploaded
    ]
    service.sqs.send_message(QueueUrl=service.queue_url, MessageBody=json.dumps({"Records": records}))

    def stumble(file: SourceFile, *others: Any) -> object:  # noqa: ANN401 - passed on
        if file.key == uploaded[0]:
            raise ZeroDivisionError
        return ingest(file, *others)

    monkeypatch.setattr(message, "ingest", stumble)
    assert len(service.poll().failed) == 1
    assert ledger(database) == everything(uploaded[1:])


def test_a_bug_met_by_a_message_itself_puts_that_message_off(
    service: Service,
    uploaded: list[str],
    deferred: list[str],
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parse = notification.parse_each
    first = iter([True])

    def stumble(*arguments: Any, **options: Any) -> object:  # noqa: ANN401 - passed on
        if next(first, False):
            raise ZeroDivisionError
        return parse(*arguments, **options)

    monkeypatch.setattr(notification, "parse_each", stumble)
    polled = service.poll()
    assert len(polled.failed) == 1
    assert len(polled.ids) == len(uploaded)
    assert deferred == [DEFERRED]
    (unexpected,) = (line for line in lines(log) if line["message"] == "unexpected failure")
    assert unexpected["message_id"] == polled.failed[0]


def test_a_message_whose_files_cant_be_sent_on_comes_again(
    service: Service,
    database: Database,
    uploaded: list[str],
    deferred: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_queue: SqsQueue, _body: str) -> None:
        raise SourceUnavailableError("the queue is gone")

    with monkeypatch.context() as patch:
        patch.setattr(SqsQueue, "send", refuse)
        patch.setattr(Deadline, "is_near", lambda *_: True)
        polled = service.poll()
    _first, *others = polled.ids  # each invocation begins a file, however little time there is
    assert polled.failed == others
    assert deferred == [DEFERRED] * len(others)
    come_again(service, polled)
    assert service.poll().failed == []
    assert ledger(database) == everything(uploaded)


def test_an_invocation_ends_in_its_time_though_the_database_answers_no_more(
    service: Service,
    uploaded: list[str],
    deferred: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy_batch = load.copy_batch
    frozen: list[int] = []

    def freeze_and_copy(connection: psycopg.Connection[tuple[Any, ...]], *others: Any) -> object:  # noqa: ANN401 - passed on
        frozen.append(connection.info.backend_pid)
        os.kill(frozen[-1], signal.SIGSTOP)
        return copy_batch(connection, *others)

    monkeypatch.setattr(load, "copy_batch", freeze_and_copy)
    ends_at = time.monotonic() + RESERVE_SECONDS + 2
    context = FakeContext(remaining_ms=lambda: int((ends_at - time.monotonic()) * 1000))
    batch = service.receive_batch()
    try:
        failed = service.invoke({"Records": batch}, context)
        assert context.remaining_ms() > 0
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    assert failed == [message["messageId"] for message in batch]
    assert len(deferred) == len(uploaded)
    assert len(frozen) == 1
