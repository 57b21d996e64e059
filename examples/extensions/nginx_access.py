"""A format: nginx' access log in its "combined" form, one line an entry.

    192.0.2.7 - alice [24/Nov/2026:12:00:00 +0000] "GET /health HTTP/1.1" 200 612 "-" "curl/8.5.0"

`NGINX_ACCESS` goes where a worker takes its format.
"""

import re
from datetime import datetime

from ingestor.formats.mapping import FieldMapping, Fields
from ingestor.formats.text import TextFormat
from ingestor.model.rows import Rejection

_LINE = re.compile(
    r'(?P<remote_addr>\S+) - (?P<remote_user>\S+) \[(?P<time_local>[^\]]+)\] "(?P<method>[A-Z]+) (?P<uri>\S+) [^"]*" '
    r'(?P<status>\d{3}) (?P<body_bytes_sent>\d+) "(?P<http_referer>[^"]*)" "(?P<http_user_agent>[^"]*)"'
)


def parsed(line: str, _context: object) -> Fields | Rejection:
    found = _LINE.fullmatch(line)
    if found is None:
        return Rejection("not a line of nginx' combined log")
    try:
        time = datetime.strptime(found["time_local"], "%d/%b/%Y:%H:%M:%S %z")
    except ValueError:
        return Rejection("no usable time")
    fields: Fields = {**found.groupdict(), "status": int(found["status"]), "time": time.isoformat()}
    return fields


NGINX_ACCESS = TextFormat(
    name="nginx_access",
    parse=parsed,
    mapping=FieldMapping(
        {
            "timestamp": ("time",),
            "message": ("message",),
            "method": ("method",),
            "url": ("uri",),
            "status_code": ("status",),
            "remote_address": ("remote_addr",),
        }
    ),
)
