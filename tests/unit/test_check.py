"""`ingestor check`: what a connection and a bucket's configuration mean."""

from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ingestor.aws.bucket_notifications import Announcement, BucketNotifications, announcement, connected
from ingestor.aws.queue_attributes import read_queue_attributes
from ingestor.cli.support.database_checks import _tls
from ingestor.database import DatabaseCondition
from ingestor.errors import ServiceUnavailableError
from ingestor.settings import Settings, SslMode

HERE = DatabaseCondition(
    user="u", server_version="18", is_read_only=False, is_encrypted=False, is_on_this_machine=True,
    has_schema=True, may_use_schema=True, has_tables=True, version=1, missing_rights=(),
)  # fmt: skip
ELSEWHERE = replace(HERE, is_on_this_machine=False)
QUEUE = "arn:aws:sqs:eu-central-1:1:ours"


@pytest.mark.parametrize(
    ("condition", "mode", "is_ok", "said"),
    [
        (HERE, SslMode.PREFER, True, "on this machine"),
        (ELSEWHERE, SslMode.PREFER, False, "set DB_SSLMODE=verify-full"),
        (ELSEWHERE, SslMode.ALLOW, False, "set DB_SSLMODE=verify-full"),
        (ELSEWHERE, SslMode.DISABLE, True, "as DB_SSLMODE=disable says"),
        (
            replace(ELSEWHERE, is_encrypted=True),
            SslMode.REQUIRE,
            True,
            "not verified with DB_SSLMODE=require",
        ),
        (replace(ELSEWHERE, is_encrypted=True), SslMode.VERIFY_FULL, True, "ok: used"),
    ],
)
def test_logs_cross_the_network_encrypted_or_somebody_wants_it_so(
    condition: DatabaseCondition,
    mode: SslMode,
    is_ok: bool,  # noqa: FBT001 - a column of the table
    said: str,
) -> None:
    result = _tls(condition, Settings(db_sslmode=mode, db_sslrootcert="aws"))
    assert (result.name, result.is_ok) == ("tls", is_ok)
    assert said in result.said


def entry(prefix: str = "", suffix: str = "", **changed: object) -> dict[str, Any]:
    rules = [{"Name": "Prefix", "Value": prefix}, {"Name": "suffix", "Value": suffix}]
    made = {"QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    return made | changed


TOPIC = {"TopicArn": "arn:t", "Events": ["s3:ObjectCreated:Put"]}


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ({}, Announcement.NONE),
        ({"QueueConfigurations": [entry()]}, Announcement.ALL),
        ({"QueueConfigurations": [entry("app/")]}, Announcement.ALL),
        ({"QueueConfigurations": [entry("other/"), entry("a")]}, Announcement.ALL),
        ({"QueueConfigurations": [entry("app/2026/")]}, Announcement.SOME),
        ({"QueueConfigurations": [entry(suffix=".gz")]}, Announcement.SOME),
        ({"QueueConfigurations": [entry(Events=["s3:ObjectCreated:Put"])]}, Announcement.SOME),
        ({"QueueConfigurations": [entry(Events=["s3:ObjectRemoved:*"])]}, Announcement.NONE),
        ({"QueueConfigurations": [entry("other/")]}, Announcement.NONE),
        ({"QueueConfigurations": [entry(QueueArn="arn:theirs")]}, Announcement.NONE),
        ({"EventBridgeConfiguration": {}}, Announcement.INDIRECT),
        ({"TopicConfigurations": [TOPIC]}, Announcement.INDIRECT),
        ({"TopicConfigurations": [TOPIC | {"Events": ["s3:ObjectRemoved:*"]}]}, Announcement.NONE),
    ],
)
def test_whether_every_new_object_below_the_prefix_is_announced(
    configuration: dict[str, Any], expected: Announcement
) -> None:
    assert announcement(configuration, queue_arn=QUEUE, prefix="app/") is expected


def test_what_connect_bucket_writes_is_enough() -> None:
    written = connected({}, queue_arn=QUEUE, prefix="app/")
    assert announcement(written, queue_arn=QUEUE, prefix="app/") is Announcement.ALL


def test_a_role_that_may_not_look_is_told_the_permission() -> None:
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    sqs = boto3.client("sqs", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(s3) as stub:
        stub.add_client_error("get_bucket_notification_configuration", "AccessDenied", "no")
        with pytest.raises(ServiceUnavailableError, match=r"the role needs s3:GetBucketNotification$"):
            BucketNotifications(s3).read("logs")
    with Stubber(sqs) as stub:
        stub.add_client_error("get_queue_attributes", "AccessDenied", "no")
        with pytest.raises(ServiceUnavailableError, match=r"the role needs sqs:GetQueueAttributes$"):
            read_queue_attributes(sqs, "https://sqs/1/q")
