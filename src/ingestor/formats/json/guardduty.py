"""Amazon GuardDuty: a finding, one object a line.

https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_exportfindings.html
https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html
"""

from ingestor.formats.json.by_name import json_by_name
from ingestor.formats.json.heads import members_of
from ingestor.formats.json.names import Derived, JsonPlaces
from ingestor.formats.known import KnownFormat

# https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html: critical, high, medium, low
_LEVELS = ((9, "fatal"), (7, "error"), (4, "warn"))
_ACTIONS = ("networkConnectionAction", "awsApiCallAction", "kubernetesApiCallAction", "rdsLoginAttemptAction")


def _level(severity: object) -> str | None:
    """GuardDuty's severity, from 0 to 10."""
    if isinstance(severity, bool) or not isinstance(severity, int | float):
        return None
    return next((level for least, level in _LEVELS if severity >= least), "info")


PLACES: JsonPlaces = {
    "timestamp": ("updatedAt", "service.eventLastSeen", "createdAt"),
    "last_updated": ("updatedAt",),
    "level": (Derived("severity", _level),),
    "message": ("title", "description", "type"),
    "context": ("type",),
    "request_id": ("id",),
    "remote_address": (
        *(f"service.action.{action}.remoteIpDetails.ipAddressV4" for action in _ACTIONS),
        *(f"service.action.{action}.remoteIpDetails.ipAddressV6" for action in _ACTIONS),
    ),
    "remote_port": ("service.action.networkConnectionAction.remotePortDetails.port",),
    "hostname": ("resource.instanceDetails.instanceId",),
}


def recognises(head: bytes) -> bool:
    members = members_of(head)
    return ":guardduty:" in members.text_of("arn") or members.has(
        "schemaVersion", "severity", "updatedAt", "resource"
    )


KNOWN = KnownFormat("guardduty", json_by_name("guardduty", PLACES), recognises, ("*AWSLogs/*/GuardDuty/*",))
