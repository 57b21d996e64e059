"""Each toy of examples/extensions stands where docs/extending.md says that one of its kind can stand."""

import json
from pathlib import Path

import pytest
from examples.extensions.folder_store import FolderStore
from examples.extensions.health_checks import HEALTH_CHECKS
from examples.extensions.level_counts import TABLE, LevelCounts
from examples.extensions.memory_queue import MemoryQueue
from examples.extensions.nginx_access import NGINX_ACCESS
from tests.support.odd_entries import odd_entries

from ingestor import bootstrap
from ingestor.database import Database
from ingestor.errors import ObjectSupersededError, SourceMissingError
from ingestor.formats.json import JsonFormat
from ingestor.ingest import AlreadyLoaded, Loaded, Outcome, Worker, ingest
from ingestor.model.source_file import SourceFile
from ingestor.notifications import parse
from ingestor.queues import Queue, ReceivedMessage
from ingestor.routing import always
from ingestor.settings import Settings
from ingestor.sinks import RowSink
from ingestor.sinks.postgres import PostgresSink
from ingestor.sources import ObjectStore
from ingestor.sources.listing import pages

ACCESS = (
    '192.0.2.7 - alice [24/Nov/2026:12:00:00 +0000] "GET /health HTTP/1.1" 200 612 "-" "curl/8.5.0"\n'
    '192.0.2.8 - - [24/Nov/2026:12:00:01 +0000] "POST /orders?id=1 HTTP/2.0" 503 0 "-" "Mozilla/5.0"\n'
    "no line of nginx\n"
)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    (tmp_path / "my-logs" / "2026").mkdir(parents=True)
    (tmp_path / "my-logs" / "2026" / "access.log").write_text(ACCESS)
    (tmp_path / "my-logs" / "app.json").write_text(
        "".join(f'{{"time":{1795432855268 + n},"level":{30 + 20 * (n % 2)},"msg":"m"}}\n' for n in range(10))
    )
    return FolderStore(tmp_path)


def answer(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.transaction() as connection:
        return connection.execute(query.encode()).fetchall()


def load(store: ObjectStore, key: str, worker: Worker) -> Outcome:
    [file] = [file for page in pages(store, "my-logs", "") for file in page.files if file.key == key]
    return ingest(file, worker)


def test_a_format_fills_the_columns_and_rejects_what_it_does_not_know(
    database: Database, store: FolderStore
) -> None:
    worker = Worker(database, store, Settings(), always(NGINX_ACCESS), PostgresSink())
    outcome = load(store, "2026/access.log", worker)
    assert isinstance(outcome, Loaded)
    assert (outcome.rows_loaded, outcome.rows_rejected) == (2, 1)
    first, second = ACCESS.splitlines()[:2]
    rows = """SELECT method, url, status_code, remote_address, message, raw_data->>'http_user_agent'
              FROM logs ORDER BY ordinal"""
    assert answer(database, rows) == [
        ("GET", "/health", 200, "192.0.2.7", first, "curl/8.5.0"),
        ("POST", "/orders?id=1", 503, "192.0.2.8", second, "Mozilla/5.0"),
    ]
    assert answer(database, "SELECT ordinal, error FROM rejected_entries") == [
        (2, "not a line of nginx' combined log")
    ]


def test_a_store_is_listed_read_at_one_version_and_refuses_another(
    store: FolderStore, tmp_path: Path
) -> None:
    as_store: ObjectStore = store
    files = [file for page in pages(as_store, "my-logs", "") for file in page.files]
    assert [file.key for file in files] == ["2026/access.log", "app.json"]
    assert as_store.level("my-logs").entries == ("2026/", "app.json")
    assert as_store.answers("my-logs")
    with pytest.raises(SourceMissingError):
        as_store.page("no-such-bucket")
    with pytest.raises(SourceMissingError):
        as_store.open(SourceFile("my-logs", "../../outside"))
    (tmp_path / "my-logs" / "app.json").write_text("{}\n")
    with pytest.raises(ObjectSupersededError):
        as_store.open(files[1])
    assert as_store.current(files[1]) != files[1]


def notification_of(file_name: str, etag: str, size: int) -> str:
    s3 = {"bucket": {"name": "my-logs"}, "object": {"key": file_name, "eTag": etag, "size": size}}
    record = {"eventSource": "aws:s3", "eventVersion": "2.6", "eventName": "ObjectCreated:Put", "s3": s3}
    return json.dumps({"Records": [{**record, "eventTime": "2026-11-23T12:00:00.000Z"}]})


def test_a_queue_delivers_at_least_once_and_the_ledger_loads_once(
    database: Database, store: FolderStore
) -> None:
    now = [0.0]
    queue: Queue = MemoryQueue(lambda: now[0])
    [file] = [file for page in pages(store, "my-logs", "") for file in page.files if file.key == "app.json"]
    queue.send([notification_of(file.key, file.etag or "", file.size_bytes or 0)])
    worker = Worker(database, store, Settings(), always(JsonFormat()), PostgresSink())

    def handle(message: ReceivedMessage) -> Outcome:
        [named] = parse(message.body, buckets=frozenset({"my-logs"}))
        return ingest(named, worker)

    [first] = queue.receive(10, 30)
    assert isinstance(handle(first), Loaded)  # and its worker dies before it acknowledges
    assert queue.receive(10, 30) == []
    assert (queue.depth().visible, queue.depth().in_flight) == (0, 1)
    now[0] = 31
    [second] = queue.receive(10, 30)
    assert second.receive_count == 2
    assert isinstance(handle(second), AlreadyLoaded)
    queue.defer(second.receipt_handle, 0)
    [third] = queue.receive(10, 30)
    queue.acknowledge(third.receipt_handle)
    assert (queue.depth().visible, queue.depth().in_flight) == (0, 0)
    assert answer(database, "SELECT count(*) FROM logs") == [(10,)]


@pytest.mark.parametrize("key", ["app.json", "odd.json"])
def test_a_sink_of_ones_own_is_as_exact_as_the_rows(
    key: str, database: Database, store: FolderStore, tmp_path: Path
) -> None:
    (tmp_path / "my-logs" / "odd.json").write_bytes(b"\n".join(odd_entries()))
    with database.transaction() as connection:
        connection.execute(TABLE)
    sink: RowSink = LevelCounts(PostgresSink())
    worker = Worker(database, store, Settings(chunk_rows=3, max_reject_ratio=1), always(JsonFormat()), sink)
    assert isinstance(load(store, key, worker), Loaded)
    counted = "SELECT level, sum(entries) FROM level_counts GROUP BY level ORDER BY level"
    assert answer(database, counted) == answer(
        database, "SELECT level, count(*) FROM logs GROUP BY level ORDER BY level"
    )
    with database.transaction() as connection:
        [(file_id,)] = connection.execute("SELECT id FROM processed_files").fetchall()
        sink.unload(connection, file_id)
    assert answer(database, "SELECT (SELECT count(*) FROM logs), (SELECT count(*) FROM level_counts)") == [
        (0, 0)
    ]


def test_a_processor_drops_what_nobody_asks_for_and_the_ledger_counts_it(
    database: Database, store: FolderStore, tmp_path: Path
) -> None:
    entries = [("/health?from=lb", 200), ("/orders", 200), ("/health", 503)]
    (tmp_path / "my-logs" / "checks.json").write_text(
        "".join(
            json.dumps({"time": 1795432855268, "req": {"url": url}, "res": {"statusCode": status}}) + "\n"
            for url, status in entries
        )
    )
    worker = bootstrap.worker(database, store, Settings(), processors=[HEALTH_CHECKS])
    assert isinstance(load(store, "checks.json", worker), Loaded)
    assert answer(database, "SELECT ordinal, url FROM logs ORDER BY ordinal") == [
        (1, "/orders"),
        (2, "/health"),
    ]
    counts = "SELECT rows_loaded, rows_rejected, rows_dropped, checkpoint FROM processed_files"
    assert answer(database, counts) == [(2, 0, 1, 3)]
