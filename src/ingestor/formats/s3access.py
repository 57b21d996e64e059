"""Server access logs of Amazon S3 buckets.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-and-other-bucket-config.html

The names are the documentation's, in lower case and with underscores. Fields were appended over the years; what stands
behind the last that is known is under `extra`. Lifecycle rows (`S3.EXPIRE.OBJECT`) have no request, status or times.
"""

import re
from dataclasses import replace
from functools import partial

from ingestor.formats.known import FormatOptions, KnownFormat, first_lines, refuse_useless
from ingestor.formats.mapping import FieldMapping, Fields
from ingestor.formats.mapping.http import HEADERS, HOST, METHOD, QUERY, URL, add_headers, add_request
from ingestor.formats.mapping.levels import level_of_status
from ingestor.formats.mapping.positional import QUOTED, exactly_these, quoted_fields
from ingestor.formats.mapping.positions import Positions
from ingestor.formats.mapping.times import clf_time
from ingestor.formats.text import TextFormat, TextMapper
from ingestor.model.rows import Rejection, RowOrigin

LOGS_INTO_ITSELF = "bucket logs into itself"
"""The `context` of a row that tells of a log object delivered into the bucket whose log this is."""

_NAME = "s3access"
_LEVEL = "level"

_POSITIONS = Positions(
    (
        "bucket_owner", "bucket", "time", "remote_ip", "requester", "request_id", "operation", "key", "request_uri",
        "http_status", "error_code", "bytes_sent", "object_size", "total_time", "turn_around_time", "referer",
        "user_agent", "version_id", "host_id", "signature_version", "cipher_suite", "authentication_type",
        "host_header", "tls_version", "access_point_arn", "acl_required", "source_region",
    ),
    ("http_status", "bytes_sent", "object_size", "total_time", "turn_around_time"),
)  # fmt: skip
_USUAL = exactly_these(
    _POSITIONS,
    dict.fromkeys(("request_uri", "referer", "user_agent"), QUOTED) | {"time": r"\[([^ ]++ [^ \]]++)\]"},
    is_escaped=False,
)
_FEWEST = 17
"""The oldest logs end with the user agent."""

_MAPPING = FieldMapping(
    {
        "timestamp": ("time",),
        "level": (_LEVEL,),
        "message": ("message",),
        "method": (METHOD,),
        "url": (URL,),
        "query": (QUERY,),
        "headers": (HEADERS,),
        "status_code": ("http_status",),
        "remote_address": ("remote_ip",),
        "processing_time_ms": ("total_time",),
        "request_id": ("request_id",),
        "hostname": (HOST,),
        "context": ("operation",),
    },
    read_time=clf_time,
)

# A user agent is written with the quotes that are in it: it goes to the last quote of the line.
_AGENT_WITH_QUOTES = re.compile(
    r'((?>(?>"(?:[^"]++|"(?! ))*+"|[^ ]*+) ){17})"(.*)"((?: [^"]*+)?+)', re.DOTALL
).fullmatch
_NOT_ONE = Rejection("not a line of an S3 server access log")
_LOG_KEY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9A-F]{16}$").search


def parsed(line: str, _context: object) -> Fields | Rejection:
    usual = _USUAL(line)
    if usual is not None:
        return _POSITIONS.fields(usual.groups())
    values = _values(line)
    if values is None or len(values) <= _FEWEST:
        return _NOT_ONE
    opened, closed = values[2], values[3]
    if not opened.startswith("[") or not closed.endswith("]"):
        return _NOT_ONE
    values[2:4] = [f"{opened[1:]} {closed[:-1]}"]
    return _POSITIONS.fields(values)


def _values(line: str) -> list[str] | None:
    values = quoted_fields(line, is_escaped=False)
    if values is None:
        found = _AGENT_WITH_QUOTES(line)
        before = quoted_fields(found[1], is_escaped=False) if found else None
        if found is not None and before is not None:
            values = [*before, found[2], *found[3].split(" ")[1:]]
    return values


class S3AccessFormat(TextFormat):
    """Knows the bucket that a log object is in, and so whether that bucket logs into itself."""

    def mapper(self, origin: RowOrigin, /) -> TextMapper:
        return TextMapper(replace(self, derive=partial(_derive_in, origin.bucket)), origin)


def _derive_in(bucket: str, fields: Fields, context: object) -> None:
    """Each log object that is delivered into the bucket it tells of is a request to that bucket: there is always one
    more to log. A row of such a delivery says so."""
    _derive(fields, context)
    if fields.get("operation") != "REST.PUT.OBJECT" or fields.get("bucket") != bucket:
        return
    if _LOG_KEY(fields.get("key", "")):
        fields["operation"] = LOGS_INTO_ITSELF
        fields[_LEVEL] = "warn"


def _derive(fields: Fields, _context: object) -> None:
    status = fields.get("http_status")
    fields[_LEVEL] = level_of_status(status) if isinstance(status, int) else "info"
    add_request(fields, fields.get("request_uri", ""))
    host = fields.get("host_header")
    if host is not None:
        fields[HOST] = host
    add_headers(fields, host, fields.get("referer"), fields.get("user_agent"))


def make(options: FormatOptions) -> S3AccessFormat:
    refuse_useless(_NAME, options, "columns")
    return S3AccessFormat(_NAME, parsed, _MAPPING.preferring(options.columns), derive=_derive)


def recognises(head: bytes) -> bool:
    lines = first_lines(head)
    fields = parsed(lines[0].decode("utf-8", "replace"), None) if lines else _NOT_ONE
    return isinstance(fields, dict) and len(fields.get("bucket_owner", "")) == _OWNER_LENGTH


_OWNER_LENGTH = 64
"""Of a canonical user id."""

KNOWN = KnownFormat(
    _NAME,
    make,
    recognises,
    keys=("*[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]-[0-9][0-9]-[0-9][0-9]-[0-9][0-9]-" + "[0-9A-F]" * 16,),
)
