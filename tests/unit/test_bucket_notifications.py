"""Our entry in a bucket's configuration, and everything else as it was."""

from typing import Any

import pytest

from ingestor.aws.bucket_notifications import connected, disconnected, is_same
from ingestor.errors import IngestorError

QUEUE = "arn:aws:sqs:eu-central-1:1:ingest"
THEIRS: dict[str, Any] = {
    "EventBridgeConfiguration": {},
    "TopicConfigurations": [
        {"Id": "removed", "TopicArn": "arn:t", "Events": ["s3:ObjectRemoved:*"]},
    ],
    "LambdaFunctionConfigurations": [
        {
            "Id": "thumbnails", "LambdaFunctionArn": "arn:f", "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "images/"}]}},
        },
    ],
}  # fmt: skip


def test_everything_else_stays_and_comes_back_as_it_was() -> None:
    after = connected(THEIRS, queue_arn=QUEUE, prefix="logs/")
    assert {name: after[name] for name in THEIRS} == THEIRS
    assert disconnected(after) == THEIRS


def test_connecting_twice_is_one_entry() -> None:
    once = connected(THEIRS, queue_arn=QUEUE, prefix="logs/")
    assert connected(once, queue_arn=QUEUE, prefix="logs/") == once


def test_another_prefix_replaces_ours() -> None:
    once = connected({}, queue_arn=QUEUE, prefix="a/")
    again = connected(once, queue_arn=QUEUE, prefix="b/")
    assert len(again["QueueConfigurations"]) == 1
    assert not is_same(once, again)


@pytest.mark.parametrize("prefix", ["", "images/", "images/2026/", "im"])
def test_a_prefix_that_shares_objects_with_anothers_is_refused(prefix: str) -> None:
    with pytest.raises(IngestorError, match="thumbnails"):
        connected(THEIRS, queue_arn=QUEUE, prefix=prefix)


def test_s3s_spelling_of_a_rule_and_the_order_make_no_difference() -> None:
    ours = connected(THEIRS, queue_arn=QUEUE, prefix="logs/")
    told = dict(reversed(ours.items()))
    told["QueueConfigurations"] = [
        ours["QueueConfigurations"][0]
        | {"Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "logs/"}]}}}
    ]
    assert is_same(ours, told)
    assert not is_same(
        ours, {name: value for name, value in told.items() if name != "EventBridgeConfiguration"}
    )
