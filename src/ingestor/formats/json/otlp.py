"""OpenTelemetry's logs as JSON: objects `{"resourceLogs":[{"scopeLogs":[{"logRecords":[record, …]}]}]}`.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
https://opentelemetry.io/docs/specs/otel/logs/data-model/

Each record is an entry; its resource and scope stand behind its own members. Times are digits, in nanoseconds, and a 0
is none. An attribute is a name for the columns by its key: `attributes.http.request.method`, `resource.host.name`.
"""

from typing import Any

from ingestor.formats.json.by_name import json_by_name
from ingestor.formats.json.expand import ExpandedLevel, Expansion
from ingestor.formats.json.heads import members_of
from ingestor.formats.json.kinds import PLACES as KINDS
from ingestor.formats.json.names import Derived, JsonPlace, JsonPlaces
from ingestor.formats.known import KnownFormat
from ingestor.formats.mapping import ColumnName, Fields
from ingestor.formats.mapping.levels import Level, level_of

_FIRST, _LAST = 1, 24
_NAMES = ("trace", "debug", "info", "warn", "error", "fatal")
_DEEPEST = 8
_OF_RECORD: tuple[ColumnName, ...] = (
    "method", "url", "status_code", "remote_address", "remote_port", "request_id", "processing_time_ms",
    "auth_user_id",
)  # fmt: skip


def _plain(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - whatever an AnyValue holds
    """{"stringValue":"a"} is "a", and an intValue is digits."""
    if not isinstance(value, dict) or depth > _DEEPEST:
        return None
    if "stringValue" in value:
        return value["stringValue"]
    for kind, given in value.items():
        match kind, given:
            case "intValue", str() if (
                given.removeprefix("-").isdigit() and given.isascii() and len(given) <= _DIGITS
            ):
                return int(given)
            case "arrayValue", {"values": list() as values}:
                return [_plain(each, depth + 1) for each in values]
            case "kvlistValue", {"values": list() as values}:
                return _attributes(values, depth + 1)
            case _:
                return given
    return None


_DIGITS = len(str(-(2**63)))


def _attributes(given: object, depth: int = 0) -> Fields:
    """A list of keys and values as an object."""
    if not isinstance(given, list):
        return {}
    pairs = [each for each in given if isinstance(each, dict) and isinstance(each.get("key"), str)]
    return {each["key"]: _plain(each.get("value"), depth) for each in pairs}


def _prepared(fields: Fields, _context: object) -> Fields:
    fields["attributes"] = _attributes(fields.get("attributes"))
    fields["body"] = _plain(fields.get("body"))
    return fields


def _prepared_around(members: Fields) -> Fields:
    resource = members.get("resource")
    return members | {
        "resource": _attributes(resource.get("attributes")) if isinstance(resource, dict) else {}
    }


def _around(context: tuple[Fields, ...]) -> Fields:
    return {name: value for members in context for name, value in members.items() if value is not None}


def _level(fields: Fields) -> Level | None:
    """The severity as it is; the level is its text, or the name of its range."""
    text, number = fields.get("severityText"), fields.get("severityNumber")
    text = text if isinstance(text, str) and text else None
    number = int(number) if isinstance(number, str) and number in _DIGIT_STRINGS else number
    if isinstance(number, bool) or not isinstance(number, int) or not _FIRST <= number <= _LAST:
        return level_of(text) if text is not None else None
    return Level(text or _NAMES[(number - 1) // 4], number)


_DIGIT_STRINGS = frozenset(str(number) for number in range(_FIRST, _LAST + 1))


def _time(value: object) -> object:
    return None if value in (0, "0", "") else value


def _identifier(value: object) -> str | None:
    """Of a record without a trace it is empty."""
    return value if isinstance(value, str) and value else None


def _message(body: object) -> str | None:
    """A text, or what an object calls its message."""
    if isinstance(body, dict):
        body = body.get("message", body.get("msg"))
    return body if isinstance(body, str) else None


def _of_attributes(column: ColumnName) -> tuple[JsonPlace, ...]:
    """Where `json` looks for the column, among the attributes."""
    found: list[JsonPlace] = []
    for place in KINDS[column]:
        if isinstance(place, str):
            found.append(f"attributes.{place}")
        elif isinstance(place, Derived):
            found.append(Derived(f"attributes.{place.name}", place.read))
    return tuple(found)


PLACES: JsonPlaces = {
    "timestamp": (Derived("timeUnixNano", _time), Derived("observedTimeUnixNano", _time)),
    "level": (_level,),
    "message": (Derived("body", _message), "attributes.exception.message", "eventName"),
    "trace_id": (Derived("traceId", _identifier),),
    "context": ("scope.name",),
    "hostname": ("resource.host.name", "resource.k8s.pod.name", "resource.container.id", "resource.host.id"),
    "pid": ("resource.process.pid", "attributes.process.pid"),
    **{column: _of_attributes(column) for column in _OF_RECORD},
}

_EXPANSION = Expansion(
    (
        ExpandedLevel("resourceLogs"),
        ExpandedLevel("scopeLogs", frozenset({"resource"})),
        ExpandedLevel("logRecords", frozenset({"scope"})),
    )
)


def recognises(head: bytes) -> bool:
    members = members_of(head)
    return members.begins_array("resourceLogs") and not members.is_of_an_entry


KNOWN = KnownFormat(
    "otlp",
    json_by_name(
        "otlp",
        PLACES,
        framing=_EXPANSION.framing,
        prepare=_prepared,
        attached=_around,
        prepare_attached=_prepared_around,
        within="body",
    ),
    recognises,
)
