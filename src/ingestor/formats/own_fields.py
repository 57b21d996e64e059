"""Formats whose fields people name themselves (`logfmt`, `csv`, `regex`): the usual names of what has a column."""

import re

from ingestor.formats.known import FormatOptions
from ingestor.formats.mapping import ColumnName, FieldMapping, Fields, Place
from ingestor.formats.mapping.times import time_reader

WHOLE = "\0whole"
"""Where the mapping finds the complete text of an entry: no field is called so."""

_DURATION = re.compile(r"([0-9]++(?:\.[0-9]++)?)(ns|us|µs|μs|ms|s|m|h)").match
_NUMBER = re.compile(r"[0-9]++(?:\.[0-9]++)?").fullmatch
_MILLISECONDS = {
    "ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6,
}  # fmt: skip
_DURATIONS = ("duration", "elapsed", "took", "latency", "response_time", "service")
_ALL_DURATIONS = frozenset(_DURATIONS)
_LONGEST_DURATION = 40


def milliseconds_of(text: str) -> float | None:
    """A duration with its units, as Go writes it: 340µs, 1.5s, 1m2.5s."""
    if len(text) > _LONGEST_DURATION:
        return None
    if text.endswith("ms") and _NUMBER(text, 0, len(text) - 2):
        return float(text[:-2])
    total, at = 0.0, 0
    while at < len(text):
        found = _DURATION(text, at)
        if found is None:
            return None
        total += float(found[1]) * _MILLISECONDS[found[2]]
        at = found.end()
    return round(total, 6) if at else None


def _duration(fields: Fields) -> float | None:
    if _ALL_DURATIONS.isdisjoint(fields):
        return None
    for name in _DURATIONS:
        given = fields.get(name)
        if isinstance(given, str) and (found := milliseconds_of(given)) is not None:
            return found
    return None


_USUAL: dict[ColumnName, tuple[Place, ...]] = {
    "timestamp": ("timestamp", "time", "ts", "@timestamp", "datetime", "t"),
    "level": ("level", "lvl", "severity", "log.level"),
    "message": (WHOLE,),
    "method": ("method", "http_method", "http.method", "request_method"),
    "url": ("url", "uri", "request_uri", "path", "http.url"),
    "status_code": ("status_code", "status", "http_status", "http.status_code"),
    "remote_address": ("remote_address", "remote_addr", "remote_ip", "client_ip", "ip", "fwd"),
    "remote_port": ("remote_port",),
    "processing_time_ms": ("processing_time_ms", "duration_ms", "elapsed_ms", "response_time_ms", "latency_ms",
        _duration),
    "request_id": ("request_id", "req_id", "requestId", "reqid"),
    "trace_id": ("trace_id", "traceId", "traceID"),
    "hostname": ("hostname", "host"),
    "pid": ("pid",),
    "context": ("context", "logger", "component"),
    "auth_user_id": ("auth_user_id",),
    "document_count": ("document_count",),
}  # fmt: skip


def own_mapping(options: FormatOptions, *, names_message: bool) -> FieldMapping:
    """`names_message`: a field called `message` is one that people chose for that column."""
    usual = {**_USUAL, "message": ("message", WHOLE)} if names_message else _USUAL
    places: dict[ColumnName, tuple[Place, ...]] = {
        column: (*options.columns.get(column, ()), *usual.get(column, ()))
        for column in {**usual, **options.columns}
    }
    return FieldMapping(places, read_time=time_reader(options))
