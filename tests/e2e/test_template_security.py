"""Who may do what: read from the very file that is deployed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.template import ROOT, TEMPLATE, default, environment, functions, properties, template

ANY = {"*", "s3:*", "sqs:*", "secretsmanager:*", "lambda:*"}


def statements(function: str) -> Iterator[dict[str, Any]]:
    """What the function's role allows, conditions taken as met."""
    for policy in functions()[function]["Policies"]:
        named = policy["Fn::If"][1] if "Fn::If" in policy else policy
        document = properties(named["Ref"])["PolicyDocument"] if "Ref" in named else named
        for statement in document["Statement"]:
            yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def actions(function: str) -> set[str]:
    found: set[str] = set()
    for statement in statements(function):
        action = statement["Action"]
        found |= {action} if isinstance(action, str) else set(action)
    return found


@pytest.mark.parametrize("function", sorted(functions()))
def test_no_role_allows_everything(function: str) -> None:
    assert not actions(function) & ANY
    assert all(statement["Resource"] != "*" for statement in statements(function))


def test_each_function_has_what_it_needs_and_no_more() -> None:
    database = {"secretsmanager:GetSecretValue", "rds-db:connect", "kms:Decrypt"}
    reading = {"s3:GetObject", "s3:ListBucket", "kms:GenerateDataKey"}
    assert actions("MigrateFunction") == database
    assert actions("HandlerFunction") == database | reading | {
        "s3:GetObjectVersion", "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes",
    }  # fmt: skip
    after_load = {
        "s3:GetObjectVersionTagging", "s3:PutObjectVersionTagging", "s3:DeleteObject", "s3:DeleteObjectVersion",
    }  # fmt: skip
    assert actions("SweepFunction") == database | reading | after_load | {
        "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility",
        "sqs:GetQueueAttributes",
    }  # fmt: skip
    assert actions("OperateFunction") == actions("SweepFunction") | {"s3:GetBucketNotification"}


@pytest.mark.parametrize(("right", "condition"), [("Tagging", "MayTag"), ("s3:Delete", "MayDelete")])
def test_nothing_is_done_to_an_object_unless_a_parameter_allows_it(right: str, condition: str) -> None:
    granted = properties("RecoveryAccess")["PolicyDocument"]["Statement"]
    (given,) = [each for each in granted if right in json.dumps(each)]
    assert given["Fn::If"][0] == condition
    assert given["Fn::If"][2] == {"Ref": "AWS::NoValue"}
    assert default("AfterLoad") == "keep"


def test_no_function_is_given_every_queue_of_the_account() -> None:
    """SAM adds AWS' own policy, for all queues, to a function with an SQS event."""
    events = [event["Type"] for each in functions().values() for event in each.get("Events", {}).values()]
    assert events == ["ScheduleV2"]
    assert properties("QueueToHandler")["EventSourceArn"] == {"Fn::GetAtt": "IngestQueue.Arn"}


@pytest.mark.parametrize("function", ["HandlerFunction", "OperateFunction", "SweepFunction"])
def test_objects_are_read_below_the_prefix_alone(function: str) -> None:
    read = [each["Resource"] for each in statements(function) if "s3:GetObject" in each["Action"]]
    (which,) = read
    assert [each["Fn::Sub"].endswith("/${Prefix}*") for each in which["Fn::If"][1:]] == [True, True]


@pytest.mark.parametrize("policy", ["IngestQueuePolicy", "DeadLetterQueuePolicy", "LogBucketPolicy"])
def test_nothing_is_answered_without_tls(policy: str) -> None:
    denied = json.dumps(properties(policy)["PolicyDocument"])
    assert '"aws:SecureTransport": "false"' in denied
    assert '"Effect": "Deny"' in denied


def test_what_is_stored_is_encrypted_and_not_public() -> None:
    bucket = properties("LogBucket")
    assert bucket["BucketEncryption"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    for queue in ("IngestQueue", "DeadLetterQueue"):
        assert properties(queue)["SqsManagedSseEnabled"] == {
            "Fn::If": ["HasKmsKey", {"Ref": "AWS::NoValue"}, True]
        }


def test_a_key_of_the_users_is_used_for_all_that_is_stored() -> None:
    key = {"Fn::If": ["HasKmsKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]}
    encrypted = properties("LogBucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert encrypted["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key
    assert {name for name, each in template()["Resources"].items() if each["Type"] == "AWS::SQS::Queue"} == {
        name for name in ("IngestQueue", "DeadLetterQueue") if properties(name)["KmsMasterKeyId"] == key
    }
    logs = [each for each in template()["Resources"].values() if each["Type"] == "AWS::Logs::LogGroup"]
    assert [each["Properties"]["KmsKeyId"] for each in logs] == [key] * len(functions())


def test_the_server_is_verified_with_the_authorities_that_come_along() -> None:
    assert (default("DbSslMode"), default("DbSslRootCert")) == ("verify-full", "aws")


def test_the_only_secret_a_function_is_given_is_the_one_nobody_should_give() -> None:
    secret = {name for function in functions() for name in environment(function) if "PASSWORD" in name}
    assert secret == {"DB_PASSWORD"}
    assert default("DbPassword") == ""


@pytest.mark.parametrize("function", ["SweepFunction", "MigrateFunction", "OperateFunction"])
def test_what_is_called_without_waiting_is_not_called_again(function: str) -> None:
    assert properties(function)["EventInvokeConfig"]["MaximumRetryAttempts"] == 0


@pytest.mark.parametrize(
    "path", [TEMPLATE, *sorted((ROOT / "templates").iterdir())], ids=lambda path: path.name
)
def test_every_suppressed_check_says_why(path: Path) -> None:
    text = path.read_text()
    skipped = [
        skip
        for each in template(path)["Resources"].values()
        for skip in each.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]
    assert all(skip.keys() == {"id", "comment"} and skip["comment"] for skip in skipped)
    assert text.count("CKV_") == len(skipped)
    assert "checkov:skip" not in text
