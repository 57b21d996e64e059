"""Each file of events/ is what the queue hands to the function, and yields what its name says."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ingestor.errors import NotificationError
from ingestor.notifications import parse

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
ENCODED_KEY = "logs/größe + 100% 日志 🎉.json.gz"
REFUSED = "refused"

# Per message of the event: the keys it names, in their order, or that it is refused.
EXPECTED: dict[str, list[list[str] | str]] = {
    "eventbridge": [[ENCODED_KEY]],
    "foreign_bucket": [REFUSED],
    "continuation": [["logs/pino-http-1.json.gz"]],
    "not_understood": [REFUSED],
    "s3_folder_marker_and_empty": [[], []],
    "s3_object_removed": [[]],
    "s3_put": [["logs/pino-http-1.json.gz"]],
    "s3_put_encoded_key": [[ENCODED_KEY]],
    "s3_several_records": [[f"logs/pino-http-{n}.json.gz" for n in (1, 2, 3)]],
    "s3_test_event": [[]],
    "several_messages": [["logs/pino-http-1.json.gz"], REFUSED],
    "sns_raw": [["logs/pino-http-3.json.gz"]],
    "sns_wrapped": [["logs/pino-http-2.json.gz"]],
}


def messages_of(name: str) -> list[dict[str, Any]]:
    event = json.loads((ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))
    return list(event["Records"])


def yielded(body: str) -> list[str] | str:
    try:
        return [file.key for file in parse(body, buckets=frozenset({"ingestor-logs"}), prefix="logs/")]
    except NotificationError:
        return REFUSED


def test_every_sample_event_is_expected_here_or_is_none_of_the_queues() -> None:
    others = {"sweep_tick", "operate_status", "env"}
    assert {path.stem for path in (ROOT / "events").glob("*.json")} - others == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_event_yields_what_its_name_says(name: str) -> None:
    assert [yielded(message["body"]) for message in messages_of(name)] == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_event_has_the_fields_of_a_message_from_sqs(name: str) -> None:
    messages = messages_of(name)
    for message in messages:
        assert message["eventSource"] == "aws:sqs"
        assert message["attributes"]["ApproximateReceiveCount"] == "1"
        digest = hashlib.md5(message["body"].encode(), usedforsecurity=False).hexdigest()
        assert message["md5OfBody"] == digest
    assert len({message["messageId"] for message in messages}) == len(messages)


def test_the_objects_of_the_sample_events_are_the_real_logs_of_the_tests() -> None:
    stored = {path.read_bytes() for path in DATA.glob("pino-http-*.json.gz")}
    real = {(len(data), hashlib.md5(data, usedforsecurity=False).hexdigest()) for data in stored}
    named = {
        (file.size_bytes, file.etag)
        for name in set(EXPECTED) - {"not_understood", "several_messages"}
        for message in messages_of(name)
        for file in parse(message["body"])
    }
    assert named == real
