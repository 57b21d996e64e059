"""AWS CloudTrail: objects `{"Records": [event, …]}`, mostly on one line, of any size; Insights, and digest files.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html

A digest file lists log files and their hashes: it has no entries. `requestParameters` is an object, a string or null.
"""

from ingestor.formats.json.by_name import json_by_name
from ingestor.formats.json.expand import ExpandedLevel, Expansion
from ingestor.formats.json.heads import members_of
from ingestor.formats.json.names import Derived, JsonPlaces
from ingestor.formats.known import KnownFormat
from ingestor.formats.mapping import Fields

_DIGEST = frozenset({"digestS3Bucket", "digestS3Object"})
# What the service itself failed at; the others are the caller's: AccessDenied, NoSuchBucket, ThrottlingException.
_SERVICE_FAILED = ("Internal", "ServiceUnavailable", "ServiceFailure", "ServerException", "ServiceException")


def _is_digest(members: Fields) -> bool:
    return members.keys() >= _DIGEST


def _level(fields: Fields) -> str:
    code = fields.get("errorCode")
    if isinstance(code, str):
        return "error" if any(part in code for part in _SERVICE_FAILED) else "warn"
    return "warn" if "insightDetails" in fields else "info"


def _message(fields: Fields) -> str | None:
    """What was done; behind it what it failed with, or which insight it is."""
    name = fields.get("eventName")
    if isinstance(name, str) and "errorCode" not in fields:
        return name
    insight = fields.get("insightDetails")
    said = fields if not isinstance(insight, dict) else fields | insight
    parts = (said.get(name) for name in ("eventName", "insightType", "state", "errorCode", "errorMessage"))
    return ": ".join(part for part in parts if isinstance(part, str)) or None


def _headers(value: object) -> dict[str, object] | None:
    return {"user-agent": value} if isinstance(value, str) else None


def _object(value: object) -> object:
    return value if isinstance(value, dict) else None


PLACES: JsonPlaces = {
    "timestamp": ("eventTime",),
    "level": (_level,),
    "message": (_message,),
    "request_id": ("requestID", "eventID"),
    "context": ("eventSource", "insightDetails.eventSource"),
    "remote_address": ("sourceIPAddress",),
    "hostname": ("tlsDetails.clientProvidedHostHeader",),
    "headers": (Derived("userAgent", _headers),),
    "params": (Derived("requestParameters", _object),),
}

_EXPANSION = Expansion((ExpandedLevel("Records", _DIGEST),), in_context=False, is_control=_is_digest)


def recognises(head: bytes) -> bool:
    members = members_of(head)
    if members.is_of_an_entry:
        return False
    if members.has(*_DIGEST):
        return True
    event = members.first_of("Records")
    # What functions are called with has Records as well: S3's events have no id, those of streams no time.
    return event.has("eventID", "eventTime") or event.has(
        "eventVersion", "eventTime", "userIdentity", "sourceIPAddress"
    )


KNOWN = KnownFormat(
    "cloudtrail",
    json_by_name("cloudtrail", PLACES, framing=_EXPANSION.framing),
    recognises,
    (
        "*AWSLogs/*/CloudTrail/*.json.gz",
        "*AWSLogs/*/CloudTrail-Insight/*.json.gz",
        "*AWSLogs/*/CloudTrail-Digest/*.json.gz",
    ),
)
