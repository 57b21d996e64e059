"""Amazon Route 53 Resolver: a DNS query of a VPC, one object a line.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-format.html
"""

from ingestor.formats.json.by_name import json_by_name
from ingestor.formats.json.heads import members_of
from ingestor.formats.json.names import Derived, JsonPlaces
from ingestor.formats.known import KnownFormat
from ingestor.formats.mapping import Fields

# A name that isn't there is an answer as well.
_ANSWERED = ("NOERROR", "NXDOMAIN")
_LAST_PORT = 65_535


def _level(fields: Fields) -> str:
    """What the resolver's firewall stopped is a warning, and what nobody answered an error."""
    rcode = fields.get("rcode")
    if isinstance(rcode, str) and rcode not in _ANSWERED:
        return "error"
    return "warn" if fields.get("firewall_rule_action") in ("BLOCK", "ALERT") else "info"


def _message(fields: Fields) -> str | None:
    parts = (fields.get(name) for name in ("query_class", "query_type", "query_name", "rcode"))
    return " ".join(part for part in parts if isinstance(part, str)) or None


def _port(value: object) -> int | None:
    """Digits in a string."""
    if not (isinstance(value, str) and value.isascii() and value.isdigit()):
        return None
    return int(value) if len(value) <= len(str(_LAST_PORT)) else None


PLACES: JsonPlaces = {
    "timestamp": ("query_timestamp",),
    "level": (_level,),
    "message": (_message,),
    "remote_address": ("srcaddr",),
    "remote_port": (Derived("srcport", _port), "srcport"),
    "hostname": ("srcids.instance",),
    "context": ("vpc_id",),
}


def recognises(head: bytes) -> bool:
    return members_of(head).has("query_timestamp", "query_name", "rcode")


KNOWN = KnownFormat("route53", json_by_name("route53", PLACES), recognises, ("*AWSLogs/*/vpcdnsquerylogs/*",))
