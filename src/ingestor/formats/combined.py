"""The access log of nginx and Apache: "common" and "combined", with what is usually put before and behind.

    192.0.2.7 - alice [24/Nov/2026:12:00:00 +0000] "GET /health HTTP/1.1" 200 612 "-" "curl/8.5.0"
    www.example.org:443 192.0.2.7 - - [24/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 612 "-" "curl/8.5.0" 0.004

https://nginx.org/en/docs/http/ngx_http_log_module.html
https://httpd.apache.org/docs/2.4/mod/mod_log_config.html
https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/log-format/
"""

import re
from typing import Any

from ingestor.formats.known import FormatOptions, KnownFormat, most_lines, refuse_useless
from ingestor.formats.mapping import FieldMapping, Fields
from ingestor.formats.mapping.http import HOST, QUERY, URL, add_target
from ingestor.formats.mapping.levels import level_of_status
from ingestor.formats.mapping.positions import EXTRA
from ingestor.formats.mapping.times import clf_time, time_reader
from ingestor.formats.text import TextFormat
from ingestor.model.rows import Rejection

_QUOTED = r'"((?:[^"\\]++|\\.)*+)"'
_LINE = re.compile(
    r"([^\[\]\"]*+)\[([^\]]++)\] " + _QUOTED + r" ([0-9]{3}|-) ([0-9]++|-)"
    r"(?: " + _QUOTED + r" " + _QUOTED + r")?(?: (.*+))?",
    re.DOTALL,
).fullmatch
# Most lines of most files: nothing before, nothing behind, nothing escaped. It says the same in half of the time.
_USUAL_LINE = re.compile(
    r"([^ ,\[\]\"]++) - ([^ ,\[\]\"]++) \[([^\]]++)\] "
    r'"(([A-Za-z][A-Za-z_-]*+) ([^ "\\]++) (HTTP/[^ "\\]*+))" ([0-9]{3}) ([0-9]{1,18}|-)'
    r'(?: "([^"\\]*+)" "([^"\\]*+)")?'
).fullmatch
_TOKEN = re.compile(
    _QUOTED + r"|\[([^\] ]*+)\]|([A-Za-z_][\w.-]*+)=(?:" + _QUOTED + r"|([^\" ]*+)(?= |$))|[^ ]++", re.DOTALL
)
_METHOD = re.compile(r"[A-Za-z][A-Za-z_-]*+").fullmatch
_SECONDS = re.compile(r"[0-9]++\.[0-9]++").fullmatch
_ADDRESSES = re.compile(r"(?:unknown|[0-9A-Fa-f.:]++)(?:, ?(?:unknown|[0-9A-Fa-f.:]++))*+").fullmatch
_INGRESS = re.compile(
    r"([0-9]++) ([0-9.]++) \[([^\]]*+)\] \[([^\]]*+)\] "
    r"([^ ]++(?:, [^ ]++)*+) ([^ ]++(?:, [^ ]++)*+) ([^ ]++(?:, [^ ]++)*+) ([^ ]++(?:, [^ ]++)*+) ([^ ]++)"
).fullmatch
_INGRESS_NAMES = (
    "request_length", "request_time", "proxy_upstream_name", "proxy_alternative_upstream_name", "upstream_addr",
    "upstream_response_length", "upstream_response_time", "upstream_status", "req_id",
)  # fmt: skip
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([\"\\]))")
_USUAL_PREFIX = 3
_HEADERS = {
    "http_referer": "referer",
    "http_user_agent": "user-agent",
    "http_x_forwarded_for": "x-forwarded-for",
}


def parsed(line: str, _context: object) -> Fields | Rejection:
    found = _USUAL_LINE(line)
    if found is None:
        return parsed_step_by_step(line)
    address, user, time, request, method, target, protocol, status, size, referer, agent = found.groups()
    fields: Fields = {"remote_addr": address}
    if user != "-":
        fields["remote_user"] = user
    fields["time_local"] = time
    fields["request"] = request
    fields["request_method"] = method
    fields["request_uri"] = target
    fields["server_protocol"] = protocol
    fields["status"] = int(status)
    if size != "-":
        fields["body_bytes_sent"] = int(size)
    if referer is not None and referer != "-":
        fields["http_referer"] = referer
    if agent is not None and agent != "-":
        fields["http_user_agent"] = agent
    return fields


def parsed_step_by_step(line: str) -> Fields | Rejection:
    found = _LINE(line)
    if found is None:
        return Rejection("not a line of an access log (common or combined)")
    before, time, request, status, size, referer, agent, behind = found.groups()
    fields: Fields = {}
    if not _put_before(fields, before.rstrip(" ").split(" ")):
        return Rejection("not a line of an access log: no address, ident and user before the time")
    fields["time_local"] = time
    _put_request(fields, request)
    if status != "-":
        fields["status"] = int(status)
    if size != "-":
        fields["body_bytes_sent"] = _whole(size)
    if referer is not None and referer != "-":
        fields["http_referer"] = unescaped(referer)
    if agent is not None and agent != "-":
        fields["http_user_agent"] = unescaped(agent)
    if behind:
        _put_behind(fields, behind)
    return fields


def unescaped(text: str) -> str:
    r"""`\"`, `\\` and `\xHH` to what they stand for, unless that is no readable text: then as it was."""
    if "\\" not in text:
        return text
    raw = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
    try:
        readable = raw.encode("latin-1").decode() if "\\x" in text else raw
    except UnicodeError:
        return text
    return readable if readable.isprintable() else text


def _put_before(fields: Fields, words: list[str]) -> bool:
    """The virtual host, if any; the address, or X-Forwarded-For in its place; ident; a user, perhaps with spaces."""
    if len(words) > _USUAL_PREFIX and words[0].endswith(","):
        until = next(index for index, word in enumerate([*words, ""]) if not word.endswith(",")) + 1
        addresses, words = words[:until], words[until:]
        fields["http_x_forwarded_for"] = " ".join(addresses)
        words = [addresses[0].rstrip(","), *words]
    elif len(words) > _USUAL_PREFIX and words[1] != "-":
        host, words = words[0], words[1:]
        name, _, port = host.rpartition(":")
        fields["server_name"] = name if port.isdigit() and name else host
        if port.isdigit() and name and port.isascii():
            fields["server_port"] = _whole(port)
    if len(words) < _USUAL_PREFIX or not words[0]:
        return False
    fields["remote_addr"] = words[0]
    if words[1] != "-":
        fields["ident"] = words[1]
    user = words[2] if len(words) == _USUAL_PREFIX else " ".join(words[2:])
    if user != "-":
        fields["remote_user"] = user
    return True


def _put_request(fields: Fields, request: str) -> None:
    """What is no request line (TLS spoken to a port without, `-` of a connection without a request) has no parts."""
    if request == "-":
        return
    fields["request"] = request
    method, _, rest = request.partition(" ")
    if not rest or not _METHOD(method):
        return
    target, _, protocol = rest.rpartition(" ")
    if not protocol.startswith("HTTP/") or not target:
        target, protocol = rest, ""
    fields["request_method"] = method
    fields["request_uri"] = unescaped(target)
    if protocol:
        fields["server_protocol"] = protocol


def _put_behind(fields: Fields, behind: str) -> None:
    ingress = _INGRESS(behind)
    if ingress:
        values = zip(_INGRESS_NAMES, ingress.groups(), strict=True)
        fields.update({name: _number(text) for name, text in values if text not in ("-", "")})
        return
    rest: list[str] = []
    for found in _TOKEN.finditer(behind):
        quoted, _, name, quoted_value, value = found.groups()
        if name is not None:
            fields.setdefault(name, _number(value if quoted_value is None else unescaped(quoted_value)))
        elif quoted is not None and "http_x_forwarded_for" not in fields and _ADDRESSES(quoted):
            fields["http_x_forwarded_for"] = quoted
        elif _SECONDS(found[0]) and not rest and "upstream_response_time" not in fields:
            fields["upstream_response_time" if "request_time" in fields else "request_time"] = float(found[0])
        else:
            rest.append(quoted if quoted is not None else found[0])
    if rest:
        fields[EXTRA] = rest


def _whole(text: str) -> int | str:
    """More digits than any count has stay text: int() would take long."""
    return int(text) if len(text) <= 18 else text  # noqa: PLR2004 - fits 64 bits


def _number(text: str) -> int | float | str:
    if text.isascii() and text.isdigit():
        return _whole(text) if text == "0" or text[0] != "0" else text
    return float(text) if _SECONDS(text) else text


def _level(fields: Fields) -> str | None:
    status = fields.get("status")
    return level_of_status(status) if isinstance(status, int) else None


def _headers(fields: Fields) -> dict[str, Any] | None:
    headers = {header: fields[name] for name, header in _HEADERS.items() if name in fields}
    return headers or None


def _milliseconds(fields: Fields) -> float | None:
    seconds = fields.get("request_time") or fields.get("rt")
    return round(seconds * 1000, 3) if isinstance(seconds, float) else None


_MAPPING = FieldMapping(
    {
        "timestamp": ("time_local",),
        "level": (_level,),
        "message": ("message",),
        "method": ("request_method",),
        "url": (URL,),
        "query": (QUERY,),
        "headers": (_headers,),
        "status_code": ("status",),
        "remote_address": ("remote_addr",),
        "processing_time_ms": (_milliseconds,),
        "request_id": ("req_id", "request_id"),
        "trace_id": ("trace_id",),
        "hostname": ("server_name", HOST),
    },
    read_time=clf_time,
)


def _add_target(fields: Fields, _context: object) -> None:
    target = fields.get("request_uri")
    if not isinstance(target, str):
        return
    if target.startswith("/") and "?" not in target:
        fields[URL] = target
    else:
        add_target(fields, target)


def make(options: FormatOptions) -> TextFormat:
    refuse_useless(KNOWN.name, options, "columns", "time_zone", "time_format")
    mapping = FieldMapping(
        _MAPPING.preferring(options.columns).places, read_time=time_reader(options, clf_time)
    )
    return TextFormat(KNOWN.name, parsed, mapping, derive=_add_target)


def recognises(head: bytes) -> bool:
    return most_lines(
        head, lambda line: not isinstance(parsed(line.decode("utf-8", "replace"), None), Rejection)
    )


KNOWN = KnownFormat("combined", make, recognises)
