"""The handler with a PostgreSQL that may be made unwell, and with files whose messages wait."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.e2e.conftest import BUCKET, Polled, Service
from tests.support.own_server import OwnServer

from ingestor import notifications as notification
from ingestor.database import ConnectionParameters, Database
from ingestor.database.bounded import BoundedConnection
from ingestor.model.source_file import SourceFile
from ingestor.queues.sqs import SqsQueue

FILES = 5
ENTRIES = 3
FIRST_BACKOFF = "15"


@pytest.fixture(scope="module")
def server(reachable_folder: Path, postgres_binaries: Path | None) -> Iterator[OwnServer]:
    with OwnServer(reachable_folder / "outage", postgres_binaries) as own:
        yield own


@pytest.fixture
def database_parameters(server: OwnServer) -> Iterator[ConnectionParameters]:
    with server.fresh_database() as parameters:
        yield parameters


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The connections that any `Database` tries to open."""
    tried: list[str] = []
    connect = BoundedConnection.connect

    def counted(*args: Any, **kwargs: Any) -> psycopg.Connection[tuple[Any, ...]]:  # noqa: ANN401 - psycopg's own
        tried.append(kwargs["dbname"])
        return connect(*args, **kwargs)

    monkeypatch.setattr(BoundedConnection, "connect", counted)
    return tried


@pytest.fixture
def deferred(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The visibility time-outs that the handler sets, in seconds."""
    seconds: list[str] = []
    defer = SqsQueue.defer

    def noted(queue: SqsQueue, receipt_handle: str, after: float) -> None:
        seconds.append(str(int(after)))
        defer(queue, receipt_handle, after)

    monkeypatch.setattr(SqsQueue, "defer", noted)
    return seconds


@pytest.fixture
def uploaded(service: Service) -> list[str]:
    """Keys of objects whose messages wait."""
    service.s3.create_bucket(Bucket=BUCKET)
    keys = [f"{n}.json.gz" for n in range(FILES)]
    for key in keys:
        upload(service, key)
    return keys


def upload(service: Service, key: str) -> None:
    entries = [{"time": 1795432855268 + n, "msg": f"{key} {n}"} for n in range(ENTRIES)]
    body = gzip.compress(json.dumps(entries).encode())
    etag = service.s3.put_object(Bucket=BUCKET, Key=key, Body=body)["ETag"].strip('"')
    message = notification.continuation_message(SourceFile(BUCKET, key, etag=etag))
    service.sqs.send_message(QueueUrl=service.queue_url, MessageBody=message)


def come_again(service: Service, polled: Polled) -> None:
    """Time passes for the messages that were put off."""
    for message in polled.batch:
        if message["messageId"] in polled.failed:
            service.sqs.change_message_visibility(
                QueueUrl=service.queue_url, ReceiptHandle=message["receiptHandle"], VisibilityTimeout=0
            )


def ledger(database: Database) -> dict[str, tuple[str, int, int]]:
    with database.transaction() as connection:
        rows = connection.execute(
            """SELECT s3_key, status, attempts, (SELECT count(*) FROM logs WHERE file_id = f.id)
               FROM processed_files f"""
        )
        return {key: (status, attempts, loaded) for key, status, attempts, loaded in rows}


def everything(keys: list[str]) -> dict[str, tuple[str, int, int]]:
    return dict.fromkeys(keys, ("COMPLETED", 0, ENTRIES))
