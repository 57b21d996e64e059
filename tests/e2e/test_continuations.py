"""An object larger than an invocation's time is loaded by many invocations, each entry once."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.conftest import BUCKET, FakeContext, Service

from handler.runtime import runtime
from ingestor import ledger
from ingestor import notifications as notification
from ingestor.database import Database
from ingestor.model.source_file import SourceFile

ENTRIES = 2_500


def upload_long_object(service: Service) -> SourceFile:
    entries = [{"level": 30, "time": 1795432855268 + n, "msg": f"entry {n}"} for n in range(ENTRIES)]
    body = gzip.compress("\n".join(map(json.dumps, entries)).encode())
    service.s3.create_bucket(Bucket=BUCKET)
    etag = service.s3.put_object(Bucket=BUCKET, Key="long.json.gz", Body=body)["ETag"].strip('"')
    return SourceFile(BUCKET, "long.json.gz", etag=etag)


@pytest.fixture
def short_of_time_after_a_chunk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], FakeContext]:
    """Time enough to begin; once the first chunk is there, too little to begin another."""
    chunks: list[object] = []
    advance = ledger.advance

    def counted(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        advance(*args, **kwargs)
        chunks.append(args)

    monkeypatch.setattr(ledger, "advance", counted)

    def context() -> FakeContext:
        chunks.clear()
        return FakeContext(lambda: 5_000 if chunks else 60_000)

    return context


def test_an_object_that_needs_many_invocations_is_loaded_once_without_spending_receive_counts(
    service: Service,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    short_of_time_after_a_chunk: Callable[[], FakeContext],
) -> None:
    monkeypatch.setenv("CHUNK_ROWS", "100")
    runtime.cache_clear()
    file = upload_long_object(service)
    service.sqs.send_message(QueueUrl=service.queue_url, MessageBody=notification.continuation_message(file))
    invocations = 0
    receive_counts: list[str] = []
    while (message := service.receive()) is not None:
        invocations += 1
        receive_counts.append(message["attributes"]["ApproximateReceiveCount"])
        assert service.invoke({"Records": [message]}, short_of_time_after_a_chunk()) == []
        service.acknowledge(message)
    assert invocations >= 20
    assert set(receive_counts) == {"1"}
    with database.transaction() as connection:
        files = connection.execute(
            "SELECT status, rows_loaded, checkpoint, attempts FROM processed_files"
        ).fetchall()
        rows = connection.execute(
            "SELECT count(*), count(DISTINCT ordinal), max(ordinal) FROM logs"
        ).fetchone()
    assert files == [("COMPLETED", ENTRIES, ENTRIES, 0)]
    assert rows == (ENTRIES, ENTRIES, ENTRIES - 1)


def test_messages_not_yet_begun_when_time_is_short_are_handed_on_untouched(
    service: Service,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    short_of_time_after_a_chunk: Callable[[], FakeContext],
) -> None:
    monkeypatch.setenv("CHUNK_ROWS", "100")
    runtime.cache_clear()
    file = upload_long_object(service)
    other = SourceFile(BUCKET, "other.json", etag="e1")
    for each in (file, other):
        service.sqs.send_message(
            QueueUrl=service.queue_url, MessageBody=notification.continuation_message(each)
        )
    first, second = service.receive_batch()
    assert service.invoke({"Records": [first, second]}, short_of_time_after_a_chunk()) == []
    begun, untouched = (notification.parse(message["body"])[0] for message in (first, second))
    with database.transaction() as connection:
        known = connection.execute("SELECT s3_key FROM processed_files").fetchall()
    assert begun.key == file.key
    assert known == [(begun.key,)]
    handed_on = [notification.parse(message["body"])[0] for message in service.receive_batch()]
    assert untouched in handed_on
    assert len(handed_on) == 2


def test_a_released_file_whose_continuation_could_not_be_sent_stays_with_its_message(
    service: Service,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    short_of_time_after_a_chunk: Callable[[], FakeContext],
) -> None:
    monkeypatch.setenv("CHUNK_ROWS", "100")
    runtime.cache_clear()
    file = upload_long_object(service)
    event: dict[str, Any] = {
        "Records": [
            {
                "messageId": "m1",
                "receiptHandle": "r1",
                "body": notification.continuation_message(file),
                "attributes": {"ApproximateReceiveCount": "1"},
                "eventSource": "aws:sqs",
            }
        ]
    }
    service.sqs.delete_queue(QueueUrl=service.queue_url)
    assert service.invoke(event, short_of_time_after_a_chunk()) == ["m1"]
    with database.transaction() as connection:
        state = connection.execute("SELECT status, checkpoint FROM processed_files").fetchone()
    assert state == ("PENDING", 100)
