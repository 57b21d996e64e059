"""Each file of events/ through the real handler: what it loads, and which messages come back."""

import json
from dataclasses import dataclass

import pytest
from tests.e2e.conftest import BUCKET, DATA, ROOT, FakeContext, Service, sample_event

from handler.runtime import runtime
from ingestor.database import Database

ENCODED_KEY = "logs/größe + 100% 日志 🎉.json.gz"
ROWS = {1: 2227, 2: 2227, 3: 2228}
FIRST, SECOND = "059f36b4-87a3-44ab-83d2-661975000001", "059f36b4-87a3-44ab-83d2-661975000002"


@dataclass(frozen=True, slots=True)
class Case:
    """`uploads`: which pino file lies under which key; each of them is loaded."""

    uploads: dict[str, int]
    failed: tuple[str, ...] = ()


CASES = {
    "eventbridge": Case({ENCODED_KEY: 3}),
    "foreign_bucket": Case({}, failed=(FIRST,)),
    "continuation": Case({"logs/pino-http-1.json.gz": 1}),
    "not_understood": Case({}, failed=(FIRST,)),
    "s3_folder_marker_and_empty": Case({}),
    "s3_object_removed": Case({}),
    "s3_put": Case({"logs/pino-http-1.json.gz": 1}),
    "s3_put_encoded_key": Case({ENCODED_KEY: 2}),
    "s3_several_records": Case({f"logs/pino-http-{n}.json.gz": n for n in (1, 2, 3)}),
    "s3_test_event": Case({}),
    "several_messages": Case({"logs/pino-http-1.json.gz": 1}, failed=(SECOND,)),
    "sns_raw": Case({"logs/pino-http-3.json.gz": 3}),
    "sns_wrapped": Case({"logs/pino-http-2.json.gz": 2}),
}


def upload(service: Service, uploads: dict[str, int]) -> None:
    service.s3.create_bucket(Bucket=BUCKET)
    for key, number in uploads.items():
        body = (DATA / f"pino-http-{number}.json.gz").read_bytes()
        service.s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def ledger(database: Database) -> dict[str, tuple[str, int, int]]:
    with database.transaction() as connection:
        return {
            key: (status, rows, rejected)
            for key, status, rows, rejected in connection.execute(
                """SELECT s3_key, status, (SELECT count(*) FROM logs WHERE file_id = f.id), rows_rejected
                   FROM processed_files f"""
            )
        }


def test_every_sample_event_has_a_case_here_or_is_none_of_the_queues() -> None:
    others = {"sweep_tick", "operate_status", "env"}
    assert {path.stem for path in (ROOT / "events").glob("*.json")} - others == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_sample_event_loads_what_it_names(service: Service, database: Database, name: str) -> None:
    case = CASES[name]
    upload(service, case.uploads)
    assert service.invoke(sample_event(f"{name}.json")) == list(case.failed)
    assert ledger(database) == {key: ("COMPLETED", ROWS[n], 0) for key, n in case.uploads.items()}


def test_the_same_event_again_is_acknowledged_and_changes_nothing(
    service: Service, database: Database
) -> None:
    upload(service, CASES["s3_put"].uploads)
    for _ in range(2):
        assert service.invoke(sample_event("s3_put.json")) == []
    assert ledger(database) == {"logs/pino-http-1.json.gz": ("COMPLETED", ROWS[1], 0)}


def test_a_truncated_object_fails_for_good_and_comes_back_at_once_for_the_dead_letters(
    service: Service, database: Database
) -> None:
    service.s3.create_bucket(Bucket=BUCKET)
    body = (DATA / "pino-http-1.json.gz").read_bytes()[:-5_000]
    etag = service.s3.put_object(Bucket=BUCKET, Key="logs/cut.json.gz", Body=body)["ETag"].strip('"')
    message = {"ingestor": "load", "bucket": BUCKET, "key": "logs/cut.json.gz", "etag": etag}
    service.sqs.send_message(QueueUrl=service.queue_url, MessageBody=json.dumps(message))
    for receive_count in ("1", "2", "3"):
        received = service.receive()
        assert received is not None, "a permanent failure must be visible again at once"
        assert received["attributes"]["ApproximateReceiveCount"] == receive_count
        assert service.invoke({"Records": [received]}) == [received["messageId"]]
    status, rows, rejected = ledger(database)["logs/cut.json.gz"]
    assert (status, rejected) == ("FAILED", 0)
    assert 0 < rows < ROWS[1]
    with database.transaction() as connection:
        error = connection.execute("SELECT error FROM processed_files").fetchone()
    assert error is not None
    assert "byte" in error[0]
    assert f"s3://{BUCKET}/logs/cut.json.gz" in error[0]


def test_a_database_that_is_down_fails_every_message_and_is_asked_only_once(
    service: Service, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DB_PORT", "1")
    runtime.cache_clear()
    event = sample_event("several_messages.json")
    event["Records"][1]["body"] = event["Records"][0]["body"]
    assert service.invoke(event, FakeContext()) == [FIRST, SECOND]
    assert caplog.messages.count("no file can be loaded now") == 1
    assert ledger(database) == {}


def test_a_schema_that_is_not_there_fails_the_batch_and_says_what_to_run(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DB_SCHEMA", "elsewhere")
    runtime.cache_clear()
    assert service.invoke(sample_event("s3_put.json")) == [FIRST]
    told = [record for record in caplog.records if record.message == "no file can be loaded now"]
    assert "ingestor migrate" in vars(told[0])["error"]
