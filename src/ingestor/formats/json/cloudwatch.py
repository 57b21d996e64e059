"""CloudWatch Logs by a subscription filter through Firehose: objects one after another, without separator.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html

    {"messageType":"DATA_MESSAGE","owner":"…","logGroup":"…","logStream":"…","logEvents":[{"id","timestamp","message"}]}

Each event is an entry; owner, group and stream stand behind its own members. A CONTROL_MESSAGE asks whether somebody
listens. A `message` that is JSON is read as `json` reads it; one that Lambda's runtimes wrote has its level and
request id in it: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
"""

import re
from typing import Any

from ingestor.formats.json.by_name import json_by_name
from ingestor.formats.json.expand import ExpandedLevel, Expansion
from ingestor.formats.json.heads import members_of
from ingestor.formats.json.names import Derived, JsonPlaces
from ingestor.formats.known import KnownFormat
from ingestor.formats.mapping import Fields

_ATTACHED = ("owner", "logGroup", "logStream")
_TYPE, _DATA, _CONTROL = "messageType", "DATA_MESSAGE", "CONTROL_MESSAGE"
_HEAD = 256
_REQUEST = re.compile(r"(?:RequestId: |\t|^)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=\s|$)").search
_LEVEL = re.compile(r"(?:^\[|\t)(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)[\]\t]").search


def _is_control(members: Fields) -> bool:
    return members.get(_TYPE) == _CONTROL


def _around(context: tuple[Fields, ...]) -> Fields:
    [members] = context
    return {name: members[name] for name in _ATTACHED if members.get(name) is not None}


def _found_by(search: Any) -> Any:  # noqa: ANN401 - re's methods have no short type
    def read(message: object) -> str | None:
        found = search(message[:_HEAD]) if isinstance(message, str) else None
        return found[1] if found else None

    return read


def _line(value: object) -> str | None:
    return value.rstrip("\r\n") if isinstance(value, str) else None


PLACES: JsonPlaces = {
    "timestamp": ("timestamp",),
    "message": (Derived("message", _line),),
    "level": (Derived("message", _found_by(_LEVEL)),),
    "request_id": (Derived("message", _found_by(_REQUEST)),),
    "context": ("logGroup",),
    "hostname": ("logStream",),
}

_EXPANSION = Expansion((ExpandedLevel("logEvents", frozenset({*_ATTACHED, _TYPE})),), is_control=_is_control)


def recognises(head: bytes) -> bool:
    members = members_of(head)
    is_message = members.text_of(_TYPE) in (_DATA, _CONTROL) or members.has(*_ATTACHED, "logEvents")
    return is_message and not members.is_of_an_entry


KNOWN = KnownFormat(
    "cloudwatch",
    json_by_name("cloudwatch", PLACES, framing=_EXPANSION.framing, attached=_around, within="message"),
    recognises,
)
