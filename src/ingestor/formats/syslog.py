"""syslog as files hold it: RFC 5424, and the older form (RFC 3164), also without priority, told apart line by line.

    <165>1 2026-11-24T12:00:00.003Z web-1 checkout 4711 ID47 [origin ip="192.0.2.1"] paid
    <34>Nov 24 12:00:00 web-1 su[230]: 'su root' failed
    2026-11-24T12:00:00.123456+00:00 web-1 sshd[812]: Accepted publickey

The older form has no year, and the load's clock must not choose one. So its year is that in which its time is the last
before a day after the object's upload. Its clock is in the rule's `time_zone`.
https://www.rfc-editor.org/rfc/rfc5424#section-6
https://www.rfc-editor.org/rfc/rfc3164#section-4.1
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, timedelta, tzinfo
from functools import lru_cache

from ingestor.formats.known import FormatOptions, KnownFormat, most_lines, refuse_useless
from ingestor.formats.mapping import FieldMapping, Fields
from ingestor.formats.mapping.times import MONTHS, in_zone, time_reader
from ingestor.formats.text import TextFormat, TextMapper
from ingestor.model.instants import datetime_of, microseconds_of
from ingestor.model.rows import Rejection, RowOrigin

_PRIORITY = r"<(19[01]|1[0-8][0-9]|[1-9]?[0-9])>"
_ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_NEW = re.compile(
    _PRIORITY + r"([1-9][0-9]{0,2}) (-|" + _ISO + r") ([^ ]++) ([^ ]++) ([^ ]++) ([^ ]++) (.++)",
    re.DOTALL,
).fullmatch
_ELEMENT = re.compile(r"\[([^ =\]\"]++)((?: [^ =\]\"]++=\"(?:[^\"\\]++|\\.)*+\")*+)\]", re.DOTALL)
_PARAMETER = re.compile(r" ([^ =\]\"]++)=\"((?:[^\"\\]++|\\.)*+)\"", re.DOTALL)
_ESCAPE = re.compile(r"\\([\"\\\]])")
_OLD = re.compile(
    r"(?:" + _PRIORITY + r")?(?:([A-Z][a-z]{2}) {1,2}([0-9]{1,2})(?: ([0-9]{4}))? "
    r"([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)|(" + _ISO + r")) (.*+)",
    re.DOTALL,
).fullmatch
_OLD_TIME = re.compile(r"([A-Z][a-z]{2}) ([0-9]{1,2})(?: ([0-9]{4}))? ([0-9:.]++)").fullmatch
_WITH_YEAR = "timestamp with year"
_HOST = re.compile(r"([^ \[]++)(?<!:) (.*+)", re.DOTALL).fullmatch
_TAG = re.compile(r"([^ :\[\]]{1,64}+)(?:\[([^\]]{0,64}+)\])?: ?(.*+)", re.DOTALL).fullmatch
_BEGINS = re.compile(
    rb"<[0-9]{1,3}>[1-9][0-9]{0,2} (?:-|[0-9]{4}-[0-9]{2}-[0-9]{2}T)"
    rb"|(?:<[0-9]{1,3}>)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}[0-9]{1,2} "
    rb"[0-9]{2}:[0-9]{2}:[0-9]{2} [^ ]++ [^ :\[\]]{1,64}+(?:\[[^ \]]{1,64}+\])?:"
    rb"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,18}(?:Z|[+-][0-9]{2}:[0-9]{2}) [^ ]++ [^ :\[\]]{1,64}+\[[0-9]{1,10}\]:"
).match
_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_YEARS_BACK = 9
"""As far as the last 29 February may be."""

_A_DAY = timedelta(days=1) // timedelta(microseconds=1)
_KEPT = 4096
"""Many entries are of one second."""


def parsed(line: str, _context: object) -> Fields | Rejection:
    found = _NEW(line)
    if found is not None:
        return _of_new(found)
    found = _OLD(line)
    if found is None:
        return Rejection("not syslog: neither RFC 5424 nor RFC 3164")
    priority, month, day, year, clock, iso, rest = found.groups()
    fields = _of_priority(priority)
    if iso is not None:
        fields["timestamp"] = iso
    else:
        fields["timestamp"] = f"{month} {day} {year} {clock}" if year else f"{month} {day} {clock}"
    _put_message(fields, rest)
    return fields


@dataclass(frozen=True, slots=True)
class SyslogFormat(TextFormat):
    zone: tzinfo = UTC

    def mapper(self, origin: RowOrigin, /) -> TextMapper:
        uploaded_at = origin.uploaded_at

        def add_year(fields: Fields, _context: object) -> None:
            given = fields.get("timestamp")
            found = _OLD_TIME(given) if isinstance(given, str) else None
            if found is not None:
                month, day, year, clock = found.groups()
                fields[_WITH_YEAR] = (
                    _written(month, day, year, clock)
                    if year
                    else uploaded_at and _with_year(uploaded_at, self.zone, month, day, clock)
                )

        return TextMapper(replace(self, derive=add_year), origin)


@lru_cache(maxsize=_KEPT)
def _with_year(uploaded_at: int, zone: tzinfo, month: str, day: str, clock: str) -> str | None:
    """The last such time before a day after the upload: clocks differ, and zones are mistaken."""
    before = uploaded_at + _A_DAY
    latest = datetime_of(before).year + 1
    for year in range(latest, latest - _YEARS_BACK, -1):
        written = _written(month, day, str(year), clock)
        shown = microseconds_of(written)
        instant = None if shown is None else in_zone(shown, zone)
        if instant is not None and instant <= before:
            return written
    return None


def _written(month: str, day: str, year: str, clock: str) -> str | None:
    number = MONTHS.get(month)
    return None if number is None else f"{year:0>4}-{number:02}-{day:0>2}T{clock}"


def _of_priority(priority: str | None) -> Fields:
    if priority is None:
        return {}
    facility, severity = divmod(int(priority), 8)
    return {"facility": facility, "severity": severity}


def _of_new(found: re.Match[str]) -> Fields | Rejection:
    priority, version, time, host, app, procid, msgid, rest = found.groups()
    fields = _of_priority(priority)
    fields["version"] = int(version)
    if time != "-":
        fields["timestamp"] = time
    if host != "-":
        fields["hostname"] = host
    if app != "-":
        fields["app_name"] = app
    if procid != "-":
        fields["procid"] = procid
    if msgid != "-":
        fields["msgid"] = msgid
    message = rest[2:] if rest.startswith("- ") else _put_structured_data(fields, rest)
    if message is None:
        return Rejection("not RFC 5424: bad structured data")
    if message:
        fields["msg"] = message.removeprefix(_BOM)
    return fields


def _put_structured_data(fields: Fields, rest: str) -> str | None:
    """What follows it; None: it can't be read."""
    at = 1 if rest.startswith("-") else 0
    elements: Fields = {}
    while not rest.startswith("-") and (found := _ELEMENT.match(rest, at)):
        parameters = {name: _ESCAPE.sub(r"\1", value) for name, value in _PARAMETER.findall(found[2])}
        elements[found[1]] = {**elements.get(found[1], {}), **parameters}
        at = found.end()
    if at == 0 or rest[at : at + 1] not in ("", " "):
        return None
    if elements:
        fields["structured_data"] = elements
    return rest[at + 1 :]


def _put_message(fields: Fields, rest: str) -> None:
    host = _HOST(rest)
    if host is not None:
        fields["hostname"], rest = host.groups()
    tag = _TAG(rest)
    if tag is not None:
        fields["app_name"] = tag[1]
        if tag[2]:
            fields["procid"] = tag[2]
        rest = tag[3]
    fields["msg"] = rest


def _level(fields: Fields) -> str | None:
    severity = fields.get("severity")
    return _LEVELS[severity] if isinstance(severity, int) and 0 <= severity < len(_LEVELS) else None


_PLACES = FieldMapping(
    {
        "timestamp": (_WITH_YEAR, "timestamp"),
        "level": (_level,),
        "message": ("message",),
        "hostname": ("hostname",),
        "pid": ("procid",),
        "context": ("app_name",),
    }
)


def make(options: FormatOptions) -> SyslogFormat:
    refuse_useless(KNOWN.name, options, "columns", "time_zone")
    mapping = FieldMapping(_PLACES.preferring(options.columns).places, read_time=time_reader(options))
    return SyslogFormat(KNOWN.name, parsed, mapping, zone=options.time_zone or UTC)


def recognises(head: bytes) -> bool:
    """The older form by its time, host and a program with a colon; with an ISO time, by the process id as well."""
    return most_lines(head, _BEGINS)


KNOWN = KnownFormat("syslog", make, recognises)
