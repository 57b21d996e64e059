"""What `level` says, and how severe OpenTelemetry calls it."""

from dataclasses import dataclass

type GivenLevel = int | float | str | None


@dataclass(frozen=True, slots=True)
class Level:
    """`severity` is OpenTelemetry's SeverityNumber, so 17 and above is errors and worse.

    https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
    """

    text: str | None
    severity: int | None


# https://github.com/pinojs/pino/blob/main/docs/api.md#loggerlevels-object
_PINO_LABELS = {10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal"}

# The names of the syslog, Log4j, Python, npm, zap and .NET loggers beside OpenTelemetry's own.
_SEVERITIES = {
    "trace": 1,
    "silly": 1,
    "debug": 5,
    "verbose": 5,
    "http": 8,
    "info": 9,
    "information": 9,
    "informational": 9,
    "notice": 10,
    "warn": 13,
    "warning": 13,
    "err": 17,
    "error": 17,
    "severe": 17,
    "dpanic": 18,
    "fatal": 21,
    "critical": 21,
    "crit": 21,
    "alert": 21,
    "emerg": 21,
    "emergency": 21,
    "panic": 21,
}

KNOWN_LEVELS: dict[GivenLevel, Level] = {
    None: Level(None, None),
    **{number: Level(label, _SEVERITIES[label]) for number, label in _PINO_LABELS.items()},
    **{name: Level(name, severity) for name, severity in _SEVERITIES.items()},
    **{name.upper(): Level(name.upper(), severity) for name, severity in _SEVERITIES.items()},
    **{name.title(): Level(name.title(), severity) for name, severity in _SEVERITIES.items()},
}


def level_of(value: GivenLevel) -> Level:
    """pino's own numbers get their labels; other numbers keep their digits, and the severity of the label below."""
    known = KNOWN_LEVELS.get(value)
    if known is not None:
        return known
    if value is None or isinstance(value, str):
        return Level(value, _severity_of(value or ""))
    reached = max((number for number in _PINO_LABELS if number <= value), default=None)
    return Level(str(value), reached and _SEVERITIES[_PINO_LABELS[reached]])


def _severity_of(name: str) -> int | None:
    """slog's ERROR+2 and INFO-1 are as severe as what they count from: https://pkg.go.dev/log/slog#Level.String"""
    severity = _SEVERITIES.get(name.lower())
    if severity is None and len(name) <= _LONGEST_NAME:
        severity = _SEVERITIES.get(name.partition("+")[0].partition("-")[0].lower())
    return severity


_LONGEST_NAME = 32
_SERVER_FAILED, _CLIENT_FAILED = 500, 400


def level_of_status(status: int) -> str:
    """The level of a request that has none of its own."""
    if status >= _SERVER_FAILED:
        return "error"
    return "warn" if status >= _CLIENT_FAILED else "info"
