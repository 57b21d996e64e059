"""The fields of each log, in the order and under the names of its documentation, and what tells the logs apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingestor.formats.mapping.positional import QUOTED, exactly_these
from ingestor.formats.mapping.positions import Positions, number


@dataclass(frozen=True, slots=True)
class LogLayout:
    """Lines have at least `fewest` fields; what AWS appended over the years is after those."""

    positions: Positions
    fewest: int


_REQUEST_NUMBERS = (
    "request_processing_time", "response_processing_time", "elb_status_code", "received_bytes", "sent_bytes",
)  # fmt: skip

APPLICATION = LogLayout(
    Positions(
        (
            "type", "time", "elb", "client:port", "target:port", "request_processing_time", "target_processing_time",
            "response_processing_time", "elb_status_code", "target_status_code", "received_bytes", "sent_bytes",
            "request", "user_agent", "ssl_cipher", "ssl_protocol", "target_group_arn", "trace_id", "domain_name",
            "chosen_cert_arn", "matched_rule_priority", "request_creation_time", "actions_executed", "redirect_url",
            "error_reason", "target:port_list", "target_status_code_list", "classification", "classification_reason",
            "conn_trace_id", "transformed_host", "transformed_uri", "request_transform_status",
        ),
        (*_REQUEST_NUMBERS, "target_processing_time", "target_status_code", "matched_rule_priority"),
    ),
    fewest=18,
)  # fmt: skip

_QUOTED_NAMES = (
    "request", "user_agent", "trace_id", "domain_name", "chosen_cert_arn", "actions_executed", "redirect_url",
    "error_reason", "target:port_list", "target_status_code_list", "classification", "classification_reason",
    "transformed_host", "transformed_uri", "request_transform_status",
)  # fmt: skip

of_application = exactly_these(
    APPLICATION.positions,
    dict.fromkeys(_QUOTED_NAMES, QUOTED) | {"time": r"([0-9]{4}-[^ ]++)", "elb": r"([a-z]++/[^ ]++)"},
)
"""A line of an Application Load Balancer's access log with the fields that it has today."""

CLASSIC = LogLayout(
    Positions(
        (
            "time", "elb", "client:port", "backend:port", "request_processing_time", "backend_processing_time",
            "response_processing_time", "elb_status_code", "backend_status_code", "received_bytes", "sent_bytes",
            "request", "user_agent", "ssl_cipher", "ssl_protocol",
        ),
        (*_REQUEST_NUMBERS, "backend_processing_time", "backend_status_code"),
    ),
    fewest=12,
)  # fmt: skip

NETWORK = LogLayout(
    Positions(
        (
            "type", "version", "time", "elb", "listener", "client:port", "destination:port", "connection_time",
            "tls_handshake_time", "received_bytes", "sent_bytes", "incoming_tls_alert", "chosen_cert_arn",
            "chosen_cert_serial", "tls_cipher", "tls_protocol_version", "tls_named_group", "domain_name",
            "alpn_fe_protocol", "alpn_be_protocol", "alpn_client_preference_list", "tls_connection_creation_time",
        ),
        ("connection_time", "tls_handshake_time", "received_bytes", "sent_bytes", "incoming_tls_alert"),
    ),
    fewest=14,
)  # fmt: skip

CONNECTION = LogLayout(
    Positions(
        (
            "timestamp", "client_ip", "client_port", "listener_port", "tls_protocol", "tls_cipher",
            "tls_handshake_latency", "leaf_client_cert_subject", "leaf_client_cert_validity",
            "leaf_client_cert_serial_number", "tls_verify_status", "conn_trace_id",
        ),
        ("client_port", "listener_port", "tls_handshake_latency"),
    ),
    fewest=11,
)  # fmt: skip

HEALTH_CHECK = LogLayout(
    Positions(
        ("type", "time", "latency", "target_addr", "target_group_id", "status", "status_code", "reason_code"),
        ("latency", "status_code"),
    ),
    fewest=6,
)


def layout_of(values: Sequence[str]) -> LogLayout | None:
    """By where the time stands, and by what comes after it; None: a line of none of these logs."""
    if len(values) < HEALTH_CHECK.fewest:
        return None
    first, second, third = values[:3]
    if _is_time(first):
        return CONNECTION if third.isdigit() else CLASSIC
    if _is_time(second):
        return HEALTH_CHECK if third == "-" or not isinstance(number(third), str) else APPLICATION
    return NETWORK if _is_time(third) else None


def _is_time(text: str) -> bool:
    return text[4:5] == "-" and text[10:11] == "T" and text[:4].isdigit()
