"""What the columns say of a request, made of the fields that the header line or a JSON object names."""

from functools import lru_cache

from ingestor.formats.mapping import ColumnName, Fields
from ingestor.formats.mapping.http import HEADERS, HOST, QUERY, URL, percent_decoded, query_of
from ingestor.formats.mapping.levels import level_of_status
from ingestor.formats.mapping.positions import number
from ingestor.formats.w3c.columns import CLOUDFRONT, Columns, Writer

_WHEN, _LEVEL, _MILLISECONDS, _STATUS, _HIT = "when", "level", "milliseconds", "status code", "hit"
_KEPT_LENGTH = 512
_HITS = {"Hit": True, "RefreshHit": True, "OriginShieldHit": True, "Miss": False}

PLACES: dict[ColumnName, tuple[str, ...]] = {
    "timestamp": (_WHEN,),
    "level": (_LEVEL,),
    "message": ("message",),
    "method": ("cs-method",),
    "url": (URL,),
    "query": (QUERY,),
    "headers": (HEADERS,),
    "status_code": (_STATUS,),
    "remote_address": ("c-ip", "src-ip"),
    "remote_port": ("c-port", "src-port"),
    "processing_time_ms": (_MILLISECONDS,),
    "request_id": ("x-edge-request-id",),
    "hostname": (HOST,),
    "cache_hit": (_HIT,),
    "context": ("s-sitename",),
}

PLACES_OF_OBJECTS: dict[ColumnName, tuple[str, ...]] = {
    column: names for column, names in PLACES.items() if column != "message"
}


def derive(fields: Fields, context: object) -> None:
    columns = context if isinstance(context, Columns) else CLOUDFRONT
    _derive_time(fields, columns)
    _derive_status(fields)
    _derive_target(fields, columns.writer)
    _derive_headers(fields, columns)
    hit = _HITS.get(str(fields.get("x-edge-result-type")))
    if hit is not None:
        fields[_HIT] = hit


def _derive_time(fields: Fields, columns: Columns) -> None:
    milliseconds = fields.get("timestamp(ms)")
    if milliseconds is not None:
        fields[_WHEN] = milliseconds
    elif "time" in fields:
        date = fields.get("date", columns.date)
        fields[_WHEN] = fields["time"] if date is None else f"{date}T{fields['time']}"
    taken = _number(fields.get("time-taken"))
    if taken is not None:
        fields[_MILLISECONDS] = taken if columns.writer is Writer.IIS else round(taken * 1000, 3)


def _derive_status(fields: Fields) -> None:
    """CloudFront writes 000 where the viewer was gone before there was a response."""
    status = _number(fields.get("sc-status"))
    if isinstance(status, int) and status > 0:
        fields[_STATUS] = status
        fields[_LEVEL] = level_of_status(status)
    else:
        fields[_LEVEL] = "info" if status is None else "warn"


def _derive_target(fields: Fields, writer: Writer) -> None:
    path, query = fields.get("cs-uri-stem"), fields.get("cs-uri-query")
    if not isinstance(path, str):
        path = fields.get("cs-uri")
        if not isinstance(path, str):
            return
        query = path.partition("?")[2]
    elif isinstance(query, str):
        path = f"{path}?{query}"
    if isinstance(query, str) and query:
        fields[QUERY] = query_of(_decoded(query, writer))
    fields[URL] = _decoded(path, writer)


def _decoded(text: str, writer: Writer) -> str:
    return percent_decoded(text) if writer is Writer.CLOUDFRONT else text


def _derive_headers(fields: Fields, columns: Columns) -> None:
    headers = {}
    for name, header in columns.headers.items():
        value = fields.get(name)
        if isinstance(value, str):
            headers[header] = _header_value(header, value, columns.writer)
    # CloudFront's cs(Host) is the distribution; x-host-header is what the viewer asked for.
    host = fields.get("x-host-header", fields.get("cs-host", headers.get("host")))
    if isinstance(host, str):
        headers["host"] = host
    if headers:
        fields[HEADERS] = headers
    fields[HOST] = host if host is not None else fields.get("s-computername")


def _header_value(header: str, value: str, writer: Writer) -> str:
    """Most requests have a user agent, a host and a referer that others have too."""
    return (_kept_header_value if len(value) <= _KEPT_LENGTH else _read_header_value)(header, value, writer)


def _read_header_value(header: str, value: str, writer: Writer) -> str:
    if header == "user-agent" and writer is Writer.IIS:
        return value.replace("+", " ")
    decoded = _decoded(value, writer)
    # CloudFront encodes the spaces of a user agent twice.
    return percent_decoded(decoded) if decoded is not value and "%20" in decoded else decoded


_kept_header_value = lru_cache(maxsize=4096)(_read_header_value)


def _number(value: object) -> int | float | None:
    if isinstance(value, str):
        value = number(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
