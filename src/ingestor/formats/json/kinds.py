"""The names that loggers other than pino use, for each column of `logs`.

ECS          https://www.elastic.co/docs/reference/ecs/ecs-field-reference, dotted or nested; logstash's too
zap, zerolog, slog, structlog, bunyan, winston: their own defaults
GELF         https://go2docs.graylog.org/current/getting_in_log_data/gelf_format.html
CLEF         https://clef-json.org (Serilog)
Lambda       https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html, and Powertools' logger
GCP          https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry
Docker's json-file, Fluent Bit and FireLens: `log`, with `time` or `date`
"""

import re
from collections.abc import Callable
from math import isfinite
from typing import TypeIs

from ingestor.formats.json.names import ColumnNames, Derived, JsonPlaces, value_at
from ingestor.formats.mapping import Fields

_FIRST_STATUS, _LAST_STATUS = 100, 599
_LAST_SECOND = 10**11
_NANOSECONDS = 10**9
_SECONDS = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)s").fullmatch
_TRACE_ROOT = re.compile(r"(?:^|;)Root=([^;]+)").search
_GCP_TRACE = "/traces/"
# https://datatracker.ietf.org/doc/html/rfc5424#section-6.2.1, by the names that `level_of` knows
_SYSLOG_LEVELS = ("emerg", "alert", "crit", "error", "warning", "notice", "info", "debug")
_FAILED = ("error", "failure", "timeout")


def is_gelf(fields: Fields) -> bool:
    return isinstance(fields.get("short_message"), str) and "host" in fields


def syslog_level(value: object) -> str | None:
    """The name of a syslog severity, 0 to 7."""
    return _SYSLOG_LEVELS[value] if _is_integer(value) and 0 <= value < len(_SYSLOG_LEVELS) else None


def of_gelf(fields: Fields) -> Fields:
    """GELF's additional fields under their own names as well."""
    return {name[1:]: value for name, value in fields.items() if name.startswith("_")} | fields


def _status(value: object) -> int | None:
    """`status` has other meanings too."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) == len(str(_LAST_STATUS)) else None
    return value if _is_integer(value) and _FIRST_STATUS <= value <= _LAST_STATUS else None


def _is_integer(value: object) -> TypeIs[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> TypeIs[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _milliseconds_in(unit: float) -> Callable[[object], float | None]:
    def read(value: object) -> float | None:
        return value / unit if _is_number(value) and isfinite(value) else None

    return read


def _written_seconds(value: object) -> float | None:
    """GCP: "0.123456789s"."""
    found = _SECONDS(value) if isinstance(value, str) else None
    return float(found[1]) * 1000 if found else None


def _trace(value: object) -> str | None:
    """What follows the project of GCP's, and the root of X-Ray's."""
    if not isinstance(value, str):
        return None
    root = _TRACE_ROOT(value)
    return root[1] if root else value.rpartition(_GCP_TRACE)[2]


def _text(value: object) -> str | None:
    """Datadog counts in numbers."""
    return str(value) if _is_integer(value) else None


def _line(value: object) -> str | None:
    return value.rstrip("\r\n") if isinstance(value, str) else None


def _object(value: object) -> object:
    return value if isinstance(value, dict) else None


def _lower_keys(value: object) -> object:
    return {name.lower(): each for name, each in value.items()} if isinstance(value, dict) else None


def _clef_level(fields: Fields) -> str | None:
    """Absence implies "informational"."""
    return "Information" if "@t" in fields and ("@m" in fields or "@mt" in fields) else None


def _platform_level(fields: Fields) -> str | None:
    """Of Lambda's own records."""
    kind = fields.get("type")
    if not (isinstance(kind, str) and kind.startswith("platform.")):
        return None
    return "error" if value_at(fields, "record.status") in _FAILED else "info"


def _platform_message(fields: Fields) -> str | None:
    kind = fields.get("type")
    if not (isinstance(kind, str) and kind.startswith("platform.")):
        return None
    status = value_at(fields, "record.status")
    return f"{kind} {status}" if isinstance(status, str) else kind


def _ecs_url(fields: Fields) -> str | None:
    """ECS has the query apart, without its question mark."""
    if "url" not in fields and "url.path" not in fields:
        return None
    path, query = value_at(fields, "url.path"), value_at(fields, "url.query")
    if not isinstance(path, str):
        return None
    return f"{path}?{query}" if isinstance(query, str) and query else path


def _log4j_instant(fields: Fields) -> float | None:
    if "instant" not in fields and "instant.epochSecond" not in fields:
        return None
    seconds, nanoseconds = value_at(fields, "instant.epochSecond"), value_at(fields, "instant.nanoOfSecond")
    if not _is_integer(seconds) or abs(seconds) > _LAST_SECOND:
        return None
    is_fraction = _is_integer(nanoseconds) and 0 <= nanoseconds < _NANOSECONDS
    return seconds + nanoseconds / _NANOSECONDS if is_fraction else seconds


PLACES: JsonPlaces = {
    "timestamp": (
        "timestamp", "time", "@timestamp", "ts", "@t", "Timestamp", "date", "datetime", "asctime",
        "eventTime", "receiveTimestamp", "timeMillis", _log4j_instant,
    ),
    "level": (
        "level", "log.level", "severity", "@l", _clef_level, "Level",
        "levelname", "lvl", "log_level", "loglevel", "logLevel", "LogLevel", _platform_level,
    ),
    "message": (
        "event", "short_message", "@m", "RenderedMessage", "@mt", "MessageTemplate", "textPayload",
        Derived("record", _line), Derived("log", _line), "Message", "MESSAGE", "text", "error.message",
        _platform_message,
    ),
    "request_id": (
        "request_id", "requestId", "function_request_id", "AWSRequestId", "record.requestId", "http.request.id",
        "reqId", "req_id", "RequestId", "correlation_id", "correlationId", "x_request_id",
    ),
    "trace_id": (
        "trace.id", "@tr", "TraceId", "otelTraceID", Derived("dd.trace_id", _text), "dd.trace_id",
        Derived("xray_trace_id", _trace), Derived("logging.googleapis.com/trace", _trace), Derived("trace", _trace),
        Derived("record.tracing.value", _trace),
    ),
    "method": (
        "http.request.method", "http.method", "httpRequest.requestMethod", "request.method", "request_method",
        "http_method", "httpMethod", "method", "RequestMethod", "verb",
    ),
    "url": (
        "url.original", "url.full", _ecs_url, "http.url", "http.target", "httpRequest.requestUrl", "request.url",
        "request.uri", "request_uri", "requestUri", "url", "uri", "RequestPath", "path", "http.path",
    ),
    "query": (Derived("request.query", _object), Derived("query", _object)),
    "headers": (
        Derived("request.headers", _lower_keys), Derived("http.request.headers", _lower_keys),
        Derived("headers", _lower_keys),
    ),
    "params": (Derived("request.params", _object), Derived("params", _object)),
    "status_code": (
        "http.response.status_code", "http.status_code", "httpRequest.status", "response.status_code",
        "statusCode", "status_code", "StatusCode", "response.statusCode", Derived("status", _status),
    ),
    "remote_address": (
        "client.ip", "client.address", "source.ip", "source.address", "httpRequest.remoteIp", "request.remote_ip",
        "http.client_ip", "remoteAddress", "remote_address", "remote_addr", "remote_ip", "client_ip", "clientIp",
        "ip",
    ),
    "remote_port": ("client.port", "source.port", "remotePort", "remote_port"),
    "context": ("log.logger", "logger", "logger_name", "loggerName", "SourceContext"),
    "hostname": (
        "host.name", "host.hostname", "host", "MachineName", "_HOSTNAME", "HOSTNAME", "kubernetes.host",
        "ec2_instance_id",
    ),
    "pid": ("process.pid", "process_id", "ProcessId"),
    "auth_user_id": ("user.id", "enduser.id"),
    "processing_time_ms": (
        Derived("event.duration", _milliseconds_in(1e6)), "duration_ms", "durationMs", "elapsed_ms", "elapsedMs",
        "latency_ms", "latencyMs", "response_time_ms", "Elapsed", "record.metrics.durationMs",
        Derived("httpRequest.latency", _written_seconds),
    ),
    "cache_hit": ("cache_hit", "httpRequest.cacheHit"),
    "document_count": ("document_count",),
}  # fmt: skip
"""Beside pino's own, which go first: fields.py."""

NAMES = ColumnNames(PLACES)
