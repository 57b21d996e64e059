"""The configuration that would give unmapped fields a column, where their names say which one."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ingestor.errors import ConfigurationError
from ingestor.formats.known import FormatOptions, KnownFormat
from ingestor.formats.mapping import POSITIONS, ColumnName
from ingestor.model.rows import RowOrigin
from ingestor.tryout.unmapped import FieldPath, UnmappedFields

_NOT_LETTERS = re.compile(r"[^a-z0-9]")

_NAMES: Mapping[ColumnName, tuple[str, ...]] = {
    "timestamp": (
        "timestamp", "time", "ts", "date", "datetime", "when", "at", "eventtime", "logtime", "createdat", "occurredat",
    ),
    "level": ("level", "loglevel", "lvl", "severity", "sev", "priority"),
    "message": ("message", "msg", "text", "event", "log", "body", "description"),
    "request_id": ("requestid", "reqid", "rid", "correlationid", "correlation", "cid", "xrequestid", "xcorrelationid"),
    "trace_id": ("traceid", "trace", "xtraceid", "xb3traceid"),
    "method": ("method", "verb", "httpmethod", "requestmethod"),
    "url": ("url", "uri", "path", "requesturi", "requesturl", "requestpath", "target"),
    "status_code": ("statuscode", "status", "httpstatus", "responsecode", "responsestatus", "code"),
    "remote_address": ("remoteaddress", "remoteaddr", "clientip", "remoteip", "sourceip", "srcip", "ip", "client"),
    "hostname": ("hostname", "host", "server", "instance", "node", "pod", "podname"),
    "processing_time_ms": ("durationms", "elapsedms", "latencyms", "tookms", "responsetimems", "ms"),
    "context": ("context", "logger", "loggername", "component", "module", "service", "app", "application"),
    "auth_user_id": ("authuserid", "userid", "uid"),
    "pid": ("pid", "processid"),
}  # fmt: skip
"""For each column what others call it, in small letters alone. A duration without a unit is nobody's guess."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`columns` are those of a rule that has `format`; each field is one that fills no column yet."""

    format: str
    columns: Mapping[ColumnName, str]

    @property
    def lines(self) -> tuple[str, ...]:
        pairs = ", ".join(f"{column} = [{_quoted(name)}]" for column, name in self.columns.items())
        return (f'format = "{self.format}"', f"columns = {{ {pairs} }}")


def suggestion_for(known: KnownFormat, unmapped: UnmappedFields, origin: RowOrigin) -> Suggestion | None:
    """Only what was tried: an entry of the file that left the column empty fills it so. None: no name says anything."""
    columns: dict[ColumnName, str] = {}
    for column, names in _NAMES.items():
        for path, _ in unmapped.counts.most_common():
            if _plain(path[-1]) in names and _fills(known, unmapped, column, path, origin):
                columns[column] = ".".join(path)
                break
    return Suggestion(known.name, columns) if columns else None


def _fills(
    known: KnownFormat, unmapped: UnmappedFields, column: ColumnName, path: FieldPath, origin: RowOrigin
) -> bool:
    sample = unmapped.samples.get(path)
    if sample is None or unmapped.column_before(sample, POSITIONS[column]) is not None:
        return False
    try:
        made = known.make(FormatOptions(columns={column: (".".join(path),)}))
    except ConfigurationError:
        return False
    row = made.mapper(origin).row_of(sample.text, 0, sample.context)
    return isinstance(row, tuple) and row[POSITIONS[column]] is not None


def _plain(name: str) -> str:
    return _NOT_LETTERS.sub("", name.lower())


def _quoted(name: str) -> str:
    """As a string of TOML, whose escapes are those of JSON."""
    return json.dumps(name, ensure_ascii=False)
