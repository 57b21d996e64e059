"""AWS WAF: a request that a web ACL looked at, one object a line.

https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html
"""

from ingestor.formats.http import query_of
from ingestor.formats.json.by_name import json_by_name
from ingestor.formats.json.heads import members_of
from ingestor.formats.json.names import Derived, JsonPlaces, value_at
from ingestor.formats.known import KnownFormat
from ingestor.formats.mapping import Fields

_PASSED = ("ALLOW", "COUNT", "EXCLUDED_AS_COUNT")


def _level(action: object) -> str | None:
    """What WAF stopped or questioned is a warning."""
    if not isinstance(action, str):
        return None
    return "info" if action in _PASSED else "warn"


def _url(fields: Fields) -> str | None:
    uri, args = value_at(fields, "httpRequest.uri"), value_at(fields, "httpRequest.args")
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
    return (_headers(given) or {}).get("host")


def _message(fields: Fields) -> str | None:
    parts = (fields.get("action"), value_at(fields, "httpRequest.httpMethod"), _url(fields))
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
