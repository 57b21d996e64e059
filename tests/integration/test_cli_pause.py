"""`ingestor pause` and `resume`: the handler's event source and the sweeper's schedule, nothing else of them."""

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from tests.integration.conftest import CommandLine

from ingestor.aws.event_source import EventSources, Schedules
from ingestor.errors import ServiceUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_sqs import SQSClient

SCHEDULE: dict[str, Any] = {
    "ScheduleExpression": "rate(2 minutes)",
    "ScheduleExpressionTimezone": "Europe/Berlin",
    "Description": "the sweeper",
    "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
    "Target": {
        "Arn": "arn:aws:lambda:us-east-1:123456789012:function:sweeper",
        "RoleArn": "arn:aws:iam::123456789012:role/schedule",
        "Input": '{"a": 1}',
        "RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0},
    },
}


@dataclass(frozen=True)
class Deployed:
    """A function with its queue, and a schedule; both run."""

    function: str
    schedule: str
    functions: "LambdaClient"
    schedules: "EventBridgeSchedulerClient"
    ingestor: CommandLine

    @property
    def states(self) -> tuple[str, str]:
        [source] = self.functions.list_event_source_mappings(FunctionName=self.function)[
            "EventSourceMappings"
        ]
        schedule = self.schedules.get_schedule(Name=self.schedule)
        return source["State"], schedule["State"]

    @property
    def both(self) -> tuple[str, ...]:
        return ("--function", self.function, "--schedule", self.schedule)


@pytest.fixture
def deployed(
    s3_server: str, sqs: "SQSClient", unique_name: Callable[[str], str], ingestor: CommandLine
) -> Iterator[Deployed]:
    made: dict[str, Any] = {"endpoint_url": s3_server, "region_name": "us-east-1"}
    functions: LambdaClient = boto3.client("lambda", **made)
    schedules: EventBridgeSchedulerClient = boto3.client("scheduler", **made)
    name = unique_name("handler")
    role = boto3.client("iam", **made).create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"][
        "Arn"
    ]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", "")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="handler.x",
        Code={"ZipFile": code.getvalue()},
    )
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=name)
    schedules.create_schedule(Name=name, **SCHEDULE)
    variables = {"AWS_ENDPOINT_URL": s3_server, "AWS_REGION": "us-east-1"}
    yield Deployed(name, name, functions, schedules, ingestor.using(variables))
    for client in (functions, schedules):
        client.close()


def test_pause_turns_both_off_and_resume_on_again(deployed: Deployed) -> None:
    assert deployed.states == ("Enabled", "ENABLED")
    done = deployed.ingestor("pause", *deployed.both, "--json")
    assert done.status == 0, done.stderr
    assert [(each["kind"], each["was"], each["state"]) for each in done.json] == [
        ("schedule", "ENABLED", "DISABLED"),
        ("event source", "Enabled", "Disabled"),
    ]
    assert deployed.states == ("Disabled", "DISABLED")
    assert deployed.ingestor("resume", *deployed.both).status == 0
    assert deployed.states == ("Enabled", "ENABLED")


def test_nothing_else_of_the_schedule_changes(deployed: Deployed) -> None:
    deployed.ingestor("pause", "--schedule", deployed.schedule)
    found: dict[str, Any] = dict(deployed.schedules.get_schedule(Name=deployed.schedule))
    assert {name: found[name] for name in SCHEDULE} == SCHEDULE


def test_one_of_them_alone(deployed: Deployed) -> None:
    deployed.ingestor("pause", "--schedule", f"default/{deployed.schedule}")
    assert deployed.states == ("Enabled", "DISABLED")


def test_twice_is_once(deployed: Deployed) -> None:
    for _ in range(2):
        assert deployed.ingestor("pause", *deployed.both).status == 0
    assert deployed.states == ("Disabled", "DISABLED")


def test_a_dry_run_changes_nothing(deployed: Deployed) -> None:
    assert "would be turned off" in deployed.ingestor("pause", *deployed.both, "--dry-run").stdout
    assert deployed.states == ("Enabled", "ENABLED")


def test_a_wrong_name_is_said_and_nothing_is_changed(deployed: Deployed) -> None:
    for wrong, said in (
        (
            ("--function", "nothing", "--schedule", deployed.schedule),
            "function nothing: no event source calls it",
        ),
        (("--function", deployed.function, "--schedule", "nothing"), "schedule nothing: there is none"),
    ):
        done = deployed.ingestor("pause", *wrong)
        assert (done.status, done.stdout) == (1, "")
        assert said in done.stderr
    assert deployed.states == ("Enabled", "ENABLED")


def test_without_a_name_it_says_what_it_wants(deployed: Deployed) -> None:
    done = deployed.ingestor("pause")
    assert (done.status, "--function NAME" in done.stderr) == (2, True)


def test_a_missing_permission_is_named(deployed: Deployed) -> None:
    denied: dict[str, Any] = {
        "service_error_code": "AccessDeniedException",
        "service_message": "User is not authorized to perform: lambda:ListEventSourceMappings",
    }
    with Stubber(deployed.functions) as stub:
        stub.add_client_error("list_event_source_mappings", **denied)
        with pytest.raises(ServiceUnavailableError, match="access denied: User is not authorized"):
            EventSources(deployed.functions).of("handler")
    with Stubber(deployed.schedules) as stub:
        stub.add_client_error("get_schedule", **denied)
        with pytest.raises(ServiceUnavailableError, match="schedule sweeper: access denied") as caught:
            Schedules(deployed.schedules).find("sweeper")
    assert isinstance(caught.value.__cause__, ClientError)
