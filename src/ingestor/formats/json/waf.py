"""AWS WAF: a request that a web ACL looked at, one object a line.

https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html
"""

from ingestor.formats.json.by_name import json_by_name
from ingestor.formats.json.heads import members_of
from ingestor.formats.json.names import Derived, JsonPlaces
from ingestor.formats.known import KnownFormat
from ingestor.formats.mapping import Fields
from ingestor.formats.mapping.http import query_of

_PASSED = ("ALLOW", "COUNT", "EXCLUDED_AS_COUNT")


def _level(action: object) -> str | None:
    """What WAF stopped or questioned is a warning."""
    if not isinstance(action, str):
        return None
    return "info" if action in _PASSED else "warn"


def _url(fields: Fields) -> str | None:
    request = fields.get("httpRequest")
    if not isinstance(request, dict):
        return None
    uri, args = request.get("uri"), request.get("args")
    if not isinstance(uri, str):
        return None
    return f"{uri}?{args}" if isinstance(args, str) and args else uri


def _query(args: object) -> object:
    return query_of(args) if isinstance(args, str) and args else None


def _headers(given: object) -> dict[str, str] | None:
    """A list of names and values; what stands twice is joined, as HTTP does."""
    if not isinstance(given, list):
        return None
    found: dict[str, str] = {}
    for each in given:
        name, value = (each.get("name"), each.get("value")) if isinstance(each, dict) else (None, None)
        if isinstance(name, str) and isinstance(value, str):
            key = name.lower()
            found[key] = f"{found[key]}, {value}" if key in found else value
    return found or None


def _host(given: object) -> str | None:
    named = (each for each in given if isinstance(each, dict)) if isinstance(given, list) else ()
    return next(
        (each["value"] for each in named if str(each.get("name")).lower() == "host" and "value" in each), None
    )


def _message(fields: Fields) -> str | None:
    request = fields.get("httpRequest")
    method = request.get("httpMethod") if isinstance(request, dict) else None
    parts = (fields.get("action"), method, _url(fields))
    said = " ".join(part for part in parts if isinstance(part, str))
    rule = fields.get("terminatingRuleId")
    return f"{said} ({rule})" if isinstance(rule, str) else said or None


PLACES: JsonPlaces = {
    "timestamp": ("timestamp",),
    "level": (Derived("action", _level),),
    "message": (_message,),
    "method": ("httpRequest.httpMethod",),
    "url": (_url,),
    "query": (Derived("httpRequest.args", _query),),
    "headers": (Derived("httpRequest.headers", _headers),),
    "status_code": ("responseCodeSent",),
    "remote_address": ("httpRequest.clientIp",),
    "request_id": ("httpRequest.requestId",),
    "hostname": (Derived("httpRequest.headers", _host), "httpRequest.host"),
    "context": ("webaclId",),
}


def recognises(head: bytes) -> bool:
    return members_of(head).has("webaclId", "action", "httpSourceName")


KNOWN = KnownFormat(
    "waf", json_by_name("waf", PLACES), recognises, ("*AWSLogs/*/WAFLogs/*", "*aws-waf-logs-*")
)
