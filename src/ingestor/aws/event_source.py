"""What sets the Lambda functions in motion: the handler's event source, and the sweeper's schedule."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from ingestor.aws.errors import service_error
from ingestor.errors import IngestorError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_scheduler import EventBridgeSchedulerClient

DEFAULT_GROUP = "default"
"""Of schedules that name none: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-group.html"""

# UpdateSchedule sets what it isn't given back to its default, so all that GetSchedule tells goes back.
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html
_SCHEDULE_FIELDS = (
    "ActionAfterCompletion", "Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "Name",
    "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "Target",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Switch:
    """An event source mapping or a schedule; `state` in AWS's words: "Enabled", "Disabling", "DISABLED" and so on."""

    kind: str
    name: str
    state: str
    target: str

    @property
    def is_on(self) -> bool:
        return self.state.lower() in {"enabled", "enabling", "creating", "updating"}


class EventSources:
    """Of one function's queues. `function` is a name, an alias' or an ARN."""

    def __init__(self, client: "LambdaClient") -> None:
        self._client = client

    def of(self, function: str) -> list[Switch]:
        """Raises IngestorError where it has none, ServiceUnavailableError."""
        switches: list[Switch] = []
        try:
            for page in self._client.get_paginator("list_event_source_mappings").paginate(
                FunctionName=function
            ):
                switches += [
                    Switch("event source", each["UUID"], each["State"], each.get("EventSourceArn", ""))
                    for each in page["EventSourceMappings"]
                ]
        except (BotoCoreError, ClientError) as error:
            raise _translated(f"function {function}", error) from error
        if not switches:
            raise IngestorError(
                f"function {function}: no event source calls it; is it the handler, in this region and account?"
            )
        return switches

    def turn(self, switch: Switch, *, on: bool) -> Switch:
        """Turns the event source on or off. Lambda takes about a minute, and still handles what it has received."""
        try:
            answer = self._client.update_event_source_mapping(UUID=switch.name, Enabled=on)
        except (BotoCoreError, ClientError) as error:
            raise _translated(f"event source {switch.name}", error) from error
        return Switch(switch.kind, switch.name, answer["State"], switch.target)


class Schedules:
    """`name` is NAME or GROUP/NAME."""

    def __init__(self, client: "EventBridgeSchedulerClient") -> None:
        self._client = client

    def find(self, name: str) -> Switch:
        """Raises IngestorError, ServiceUnavailableError."""
        found = self._get(name)
        return Switch("schedule", name, found["State"], found["Target"]["Arn"])

    def turn(self, switch: Switch, *, on: bool) -> Switch:
        found = self._get(switch.name)
        state: Literal["ENABLED", "DISABLED"] = "ENABLED" if on else "DISABLED"
        kept = {field: found[field] for field in _SCHEDULE_FIELDS if found.get(field) is not None}
        try:
            self._client.update_schedule(**kept, State=state)
        except (BotoCoreError, ClientError) as error:
            raise _translated(f"schedule {switch.name}", error) from error
        return Switch(switch.kind, switch.name, state, switch.target)

    def _get(self, name: str) -> dict[str, Any]:
        group, _, short = name.rpartition("/")
        try:
            return dict(self._client.get_schedule(Name=short, GroupName=group or DEFAULT_GROUP))
        except (BotoCoreError, ClientError) as error:
            raise _translated(f"schedule {name}", error) from error


def _translated(what: str, error: BotoCoreError | ClientError) -> IngestorError:
    none = IngestorError(f"{what}: there is none of this name in this region and account")
    return service_error(what, error, answers={"ResourceNotFoundException": none})
