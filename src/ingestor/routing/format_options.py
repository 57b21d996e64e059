"""`format` of a rule and the options that are the format's own, to a format that is made."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ingestor.errors import ConfigurationError
from ingestor.formats import Format
from ingestor.formats.known import FormatOptions, KnownFormat
from ingestor.formats.mapping import ColumnName
from ingestor.routing.toml_table import Table, did_you_mean

COLUMN_NAMES: tuple[str, ...] = get_args(ColumnName.__value__)
FORMATS_BY_PROGRAM = {
    "alb": "elb",
    "apache": "combined",
    "apache2": "combined",
    "cloudfront": "w3c",
    "clf": "combined",
    "common": "combined",
    "containerd": "cri",
    "docker": "json",
    "iis": "w3c",
    "jsonl": "json",
    "k8s": "cri",
    "kubernetes": "cri",
    "log4j": "regex",
    "logback": "regex",
    "ndjson": "json",
    "nginx": "combined",
    "nlb": "elb",
    "opentelemetry": "otlp",
    "otel": "otlp",
    "pino": "json",
    "plain": "regex",
    "rfc3164": "syslog",
    "rfc5424": "syslog",
    "rsyslog": "syslog",
    "s3": "s3access",
    "text": "regex",
    "tsv": "csv",
}
"""Whoever writes a rule knows which program wrote the log."""


@dataclass(frozen=True, slots=True)
class ChosenFormat:
    """`options` are those that are set, as the fingerprint has them."""

    format: Format
    options: Mapping[str, object]


def read_format(table: Table, known: Mapping[str, KnownFormat]) -> ChosenFormat | None:
    """None: no format is named, or not rightly."""
    name = table.text("format")
    given = {each: read(table, each) for each, read in _READERS.items()}
    options = {each: value for each, value in given.items() if value is not None}
    if name is None:
        if table.raw("format") is None:
            for each in options:
                table.mistake(each, f"`{each}` is an option of a format: it needs `format`")
        return None
    if name not in known:
        table.mistake("format", f"`{name}` is not a format{_meant(name, known)}")
        return None
    return _made(table, known[name], options)


def _meant(name: str, known: Mapping[str, KnownFormat]) -> str:
    meant = FORMATS_BY_PROGRAM.get(name.lower())
    return f"; did you mean `{meant}`?" if meant in known else did_you_mean(name, known)


def _made(table: Table, known: KnownFormat, options: dict[str, Any]) -> ChosenFormat | None:
    try:
        return ChosenFormat(known.make(FormatOptions(**options)), options)
    except ConfigurationError as error:
        for said in str(error).split("\n"):
            blamed = next((each for each in options if f"`{each}`" in said), "format")
            table.mistake(blamed, said)
        return None


def _columns(table: Table, name: str) -> dict[str, tuple[str, ...]] | None:
    within = table.table(name)
    if within is None:
        return None
    columns = {}
    for column in COLUMN_NAMES:
        names = within.texts(column)
        if names is not None:
            columns[column] = names
    for column in within.values:
        if column == "severity":
            within.texts(column)
            within.mistake(column, "`severity` follows from `level`: name the fields of `level`")
    within.refuse_others()
    return columns


def _text(table: Table, name: str) -> str | None:
    return table.text(name)


def _texts(table: Table, name: str) -> tuple[str, ...] | None:
    return table.texts(name)


def _zone(table: Table, name: str) -> tzinfo | None:
    text = table.text(name)
    if text is None:
        return None
    try:
        # "+02:00" as in ISO 8601
        offset = datetime.fromisoformat(f"2000-01-01T00:00:00{text}").tzinfo
    except ValueError:
        offset = None
    try:
        return offset or ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        table.mistake(name, f"`{name}` {text!r} is not known{_expected_zone(text)}")
        return None


def _expected_zone(text: str) -> str:
    by_lower = {each.lower(): each for each in available_timezones()}
    near = difflib.get_close_matches(text.lower(), by_lower, n=1, cutoff=0.8)
    return (
        f'; did you mean "{by_lower[near[0]]}"?'
        if near
        else '; a zone is written as "Europe/Berlin", an offset as "+02:00"'
    )


_READERS: dict[str, Callable[[Table, str], object]] = {
    "columns": _columns,
    "time_zone": _zone,
    "time_format": _text,
    "pattern": _text,
    "first_line": _text,
    "header": _texts,
    "delimiter": _text,
}
"""One for each field of FormatOptions; a test compares them."""

FORMAT_OPTIONS = frozenset(_READERS)
