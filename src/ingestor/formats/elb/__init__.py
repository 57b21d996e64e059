"""The logs of AWS load balancers, told apart by line: access logs of Application, Network (TLS) and Classic Load
Balancers, and an Application Load Balancer's connections and health checks.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-connection-logs.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-health-check-logs.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html
"""

import re

from ingestor.formats.elb.layouts import APPLICATION, layout_of, of_application
from ingestor.formats.framing.lines import Lines
from ingestor.formats.known import FormatOptions, KnownFormat, first_lines, refuse_useless
from ingestor.formats.limits import Limits
from ingestor.formats.mapping import FieldMapping, Fields
from ingestor.formats.mapping.http import (
    ADDRESS,
    HEADERS,
    HOST,
    METHOD,
    PORT,
    QUERY,
    URL,
    add_address,
    add_headers,
    add_request,
)
from ingestor.formats.mapping.levels import level_of_status
from ingestor.formats.mapping.positional import quoted_fields
from ingestor.formats.text import TextFormat
from ingestor.model.rows import Rejection

_NAME = "elb"
_LEVEL, _MILLISECONDS, _TRACE, _STATUS = "level", "milliseconds", "trace", "status code"
_CONTROL = re.compile(rb"Enable [A-Za-z ]{1,40}Logs? for ").match
_ONLY_ROOT = "Root="
_ROOT = re.compile(r"(?:^|;)Root=([^;]++)").search
# `int | float` in a call of isinstance is made anew each time.
_NUMBERS = (int, float)
_NOT_ONE = Rejection("not a line of a load balancer's log")
_UNPAIRED = Rejection("not a line of a load balancer's log: a quote without its partner")

_MAPPING = FieldMapping(
    {
        "timestamp": ("time", "timestamp"),
        "level": (_LEVEL,),
        "message": ("message",),
        "method": (METHOD,),
        "url": (URL,),
        "query": (QUERY,),
        "headers": (HEADERS,),
        "status_code": (_STATUS,),
        "remote_address": (ADDRESS,),
        "remote_port": (PORT,),
        "processing_time_ms": (_MILLISECONDS,),
        "trace_id": (_TRACE,),
        "hostname": (HOST,),
        "context": ("elb", "target_group_id"),
    }
)


class ControlLines:
    """What a load balancer writes to see whether it may: `Enable AccessLog for ELB: my-alb at 2026-11-24T12:00:00Z`."""

    prefixes: tuple[bytes, ...] = (b"Enable ",)
    context: object = None

    def take(self, line: bytes, /) -> bool:
        return _CONTROL(line) is not None


def parsed(line: str, _context: object) -> Fields | Rejection:
    usual = of_application(line)
    if usual is not None:
        return APPLICATION.positions.fields(usual.groups())
    # NLB writes `"h2","http/1.1"` and no other quotes, so that its fields are between spaces.
    values = line.split(" ") if line.startswith("tls ") else quoted_fields(line)
    if values is None:
        return _UNPAIRED
    layout = layout_of(values)
    if layout is None:
        return _NOT_ONE
    if len(values) < layout.fewest:
        return Rejection(f"a line of a load balancer's log that is cut: {len(values)} fields")
    return layout.positions.fields(values)


def _derive(fields: Fields, _context: object) -> None:
    if "client:port" in fields:
        add_address(fields, fields["client:port"])
    if "listener" in fields:
        _derive_tls(fields)
    elif "client_ip" in fields:
        _derive_connection(fields)
    elif "target_group_id" in fields:
        _derive_health_check(fields)
    else:
        _derive_request(fields)


def _derive_request(fields: Fields) -> None:
    status = fields.get("elb_status_code")
    fields[_STATUS] = status
    fields[_LEVEL] = level_of_status(status) if isinstance(status, int) else "info"
    add_request(fields, fields.get("request", ""))
    host = fields.get(HOST)
    add_headers(fields, host, agent=fields.get("user_agent"))
    if host is None:
        fields[HOST] = fields.get("domain_name")
    fields[_MILLISECONDS] = _total(
        fields.get("request_processing_time"),
        fields.get("target_processing_time", fields.get("backend_processing_time")),
        fields.get("response_processing_time"),
    )
    trace = fields.get("trace_id")
    if trace is not None:
        fields[_TRACE] = trace[len(_ONLY_ROOT) :] if _is_only_root(trace) else _root_of(trace)


def _is_only_root(trace: str) -> bool:
    return trace.startswith(_ONLY_ROOT) and ";" not in trace and trace != _ONLY_ROOT


def _root_of(trace: str) -> str:
    root = _ROOT(trace)
    return root[1] if root else trace


def _derive_tls(fields: Fields) -> None:
    """A negotiation that did not complete has no protocol."""
    fields[_LEVEL] = "info" if "tls_protocol_version" in fields else "warn"
    fields[_MILLISECONDS] = fields.get("connection_time")
    fields[HOST] = fields.get("domain_name")


def _derive_connection(fields: Fields) -> None:
    status = fields.get("tls_verify_status", "")
    fields[_LEVEL] = "warn" if status.startswith("Failed") else "info"
    fields[ADDRESS], fields[PORT] = fields["client_ip"], fields.get("client_port")
    fields[_MILLISECONDS] = _total(fields.get("tls_handshake_latency"))
    fields[_TRACE] = fields.get("conn_trace_id")


def _derive_health_check(fields: Fields) -> None:
    fields[_LEVEL] = "info" if fields.get("status") == "PASS" else "warn"
    fields[_STATUS] = fields.get("status_code")
    fields[_MILLISECONDS] = _total(fields.get("latency"))
    fields[HOST] = fields.get("target_addr")


def _total(*seconds: object) -> float | None:
    """In milliseconds; None where one is missing, or -1: the request was never sent to a target."""
    total = 0.0
    for each in seconds:
        if not isinstance(each, _NUMBERS) or each < 0:
            return None
        total += each
    return round(total * 1000, 3)


def make(options: FormatOptions) -> TextFormat:
    refuse_useless(_NAME, options, "columns")
    return TextFormat(_NAME, parsed, _MAPPING.preferring(options.columns), _framing, _derive)


def _framing(limits: Limits) -> Lines:
    return Lines(limits, ControlLines())


def recognises(head: bytes) -> bool:
    lines = first_lines(head)
    if not lines:
        return False
    if _CONTROL(lines[0]):
        return True
    fields = parsed(lines[0].decode("utf-8", "replace"), None)
    return isinstance(fields, dict) and (
        "elb" in fields or "client_ip" in fields or "target_group_id" in fields
    )


KNOWN = KnownFormat(
    _NAME,
    make,
    recognises,
    keys=("*AWSLogs/*/elasticloadbalancing/*", "*AWSLogs/*/ELB*TestFile"),
)
