"""What a function refuses before it touches anything: settings that lack something, no time, other people's objects."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import BUCKET, FakeContext, Service, sample_event, time_runs_out_after
from tests.e2e.test_events import upload

from handler import operate, sweep
from handler.runtime import runtime
from handler.sweep import sweep_runtime
from ingestor.database import Database
from ingestor.errors import ConfigurationError, SourceMissingError
from ingestor.model.source_file import SourceFile
from ingestor.sources.s3 import S3Objects


@pytest.fixture
def tick(service: Service, monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeContext], dict[str, Any]]:
    monkeypatch.setenv("DLQ_URL", service.queue_url)
    sweep_runtime.cache_clear()
    return lambda context: sweep.lambda_handler(sample_event("sweep_tick.json"), context)  # type: ignore[arg-type]  # what we read of it


class TestSettings:
    def test_the_handler_says_at_once_all_that_it_needs_and_lacks(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as without:
            without.delenv("BUCKETS")
            without.delenv("QUEUE_URL")
            runtime.cache_clear()
            with pytest.raises(ConfigurationError, match="not set: QUEUE_URL, BUCKETS"):
                service.invoke(sample_event("s3_put.json"))
        runtime.cache_clear()

    def test_wrong_rules_are_said_with_every_mistake_and_mark_no_file(
        self, service: Service, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "mine.toml").write_text('[[rule]]\nformt = "json"\nskip = 1\n')
        with monkeypatch.context() as configured:
            configured.setenv("INGESTOR_CONFIG", str(tmp_path / "mine.toml"))
            runtime.cache_clear()
            with pytest.raises(ConfigurationError, match=r"(?s)line 2, .*`format`.*line 3, .*`skip`"):
                service.invoke(sample_event("s3_put.json"))
        runtime.cache_clear()
        assert ledger(database) == []

    def test_an_object_is_loaded_by_its_rule(
        self, service: Service, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "mine.toml").write_text("[[rule]]\nskip = true\n")
        monkeypatch.setenv("INGESTOR_CONFIG", str(tmp_path / "mine.toml"))
        runtime.cache_clear()
        upload(service, {"logs/pino-http-1.json.gz": 1})
        assert service.invoke(sample_event("s3_put.json")) == []
        with database.transaction() as connection:
            found = connection.execute("SELECT status, format, rows_loaded FROM processed_files").fetchall()
        assert found == [("COMPLETED", "skip", 0)]

    def test_the_sweeper_needs_to_know_whose_objects_it_may_look_for(
        self, tick: Callable[[FakeContext], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as without:
            without.setenv("BUCKETS", "")
            with pytest.raises(ConfigurationError, match="not set: BUCKETS"):
                tick(FakeContext())

    def test_one_bucket_may_be_named_by_bucket_alone(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("BUCKETS")
        monkeypatch.setenv("BUCKET", BUCKET)
        runtime.cache_clear()
        assert service.invoke(sample_event("s3_test_event.json")) == []


class TestTime:
    @pytest.mark.parametrize("milliseconds", [3_000, 10_000])
    def test_a_function_whose_time_out_leaves_nothing_to_work_in_is_refused_and_sends_nothing_on(
        self, service: Service, database: Database, milliseconds: int
    ) -> None:
        service.sqs.send_message(QueueUrl=service.queue_url, MessageBody=continuation(BUCKET, "app.json"))
        message = service.receive(visibility_seconds=0)
        with pytest.raises(ConfigurationError, match="time-out"):
            service.invoke({"Records": [message]}, FakeContext(lambda: milliseconds))
        assert service.receive() is not None
        assert service.receive() is None, "nothing was sent"
        assert ledger(database) == []

    def test_an_invocation_that_has_time_begins_a_file_however_long_its_start_took(
        self, service: Service, database: Database
    ) -> None:
        service.s3.create_bucket(Bucket=BUCKET)
        service.s3.put_object(Bucket=BUCKET, Key="app.json", Body=b'{"time":1795432855268}')
        assert (
            service.invoke(
                {"Records": [record(continuation(BUCKET, "app.json"))]}, time_runs_out_after(1, left_ms=9_000)
            )
            == []
        )
        assert ledger(database) == [(BUCKET, "app.json")]

    def test_the_sweeper_refuses_it_as_well(self, tick: Callable[[FakeContext], dict[str, Any]]) -> None:
        with pytest.raises(ConfigurationError, match="give it 60 s or more"):
            tick(FakeContext(lambda: 10_000))

    def test_a_command_in_a_stack_refuses_it_with_one_sentence(self) -> None:
        answer = operate.lambda_handler({"arguments": ["status"]}, FakeContext(lambda: 10_000))  # type: ignore[arg-type]  # what we read of it
        assert answer["status"] == 2
        assert answer["stdout"] == ""
        assert answer["stderr"].startswith("ingestor: ")
        assert answer["stderr"].count("\n") == 1
        assert "time-out" in answer["stderr"]


def continuation(bucket: str, key: str) -> str:
    return json.dumps({"ingestor": "load", "bucket": bucket, "key": key})


def s3(bucket: str, key: str) -> str:
    record = {
        "eventVersion": "2.1",
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-11-23T12:00:00.000Z",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 9}},
    }
    return json.dumps({"Records": [record]})


def sns(bucket: str, key: str) -> str:
    return json.dumps({"Type": "Notification", "Message": s3(bucket, key)})


def event_bridge(bucket: str, key: str) -> str:
    detail = {"bucket": {"name": bucket}, "object": {"key": key, "size": 9}}
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "time": "2026-11-23T12:00:00Z",
        "detail": detail,
    }
    return json.dumps(event)


def ledger(database: Database) -> list[tuple[object, ...]]:
    with database.transaction() as connection:
        return connection.execute("SELECT bucket, s3_key FROM processed_files").fetchall()


@pytest.mark.parametrize("message", [continuation, s3, sns, event_bridge])
class TestForeignObjects:
    @pytest.mark.parametrize(
        ("bucket", "key"),
        [
            ("of-somebody-else", "app.json"),
            ("file", "/etc/passwd"),
            ("169.254.169.254", "latest/meta-data"),
            ("localhost", "app.json"),
            ("arn:aws:s3:us-east-1:123456789012:accesspoint/theirs", "app.json"),
        ],
    )
    def test_no_message_makes_the_handler_read_what_is_not_ours(
        self,
        service: Service,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
        message: Callable[[str, str], str],
        bucket: str,
        key: str,
    ) -> None:
        asked = requests(monkeypatch)
        assert service.invoke({"Records": [record(message(bucket, key))]}) == ["m1"]
        assert asked == []
        assert ledger(database) == []

    def test_a_key_outside_the_prefix_is_acknowledged_unread(
        self,
        service: Service,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
        message: Callable[[str, str], str],
    ) -> None:
        monkeypatch.setenv("PREFIX", "logs/")
        runtime.cache_clear()
        asked = requests(monkeypatch)
        assert service.invoke({"Records": [record(message(BUCKET, "secrets/app.json"))]}) == []
        assert asked == []
        assert ledger(database) == []


def record(body: str) -> dict[str, Any]:
    return {
        "messageId": "m1",
        "receiptHandle": "r1",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
    }


def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of S3 from now on."""
    asked: list[str] = []

    def ask(_source: S3Objects, file: SourceFile) -> None:
        asked.append(file.uri)
        raise SourceMissingError(f"{file.uri}: no request of this test should come so far")

    for name in ("open", "current"):
        monkeypatch.setattr(S3Objects, name, ask)
    return asked
