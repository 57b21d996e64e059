"""Times that are neither ISO 8601 nor numbers: those of access logs, by a `time_format`, in a zone they don't name."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from ingestor.errors import ConfigurationError
from ingestor.formats.known import FormatOptions
from ingestor.formats.mapping import ReadTime, usual_time
from ingestor.model.instants import datetime_of, microseconds_of

MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_CLF = re.compile(
    r"([0-9]{1,2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?)(?: ([+-][0-9]{4}|Z))?"
).fullmatch
_MIDNIGHT = 86_400_000_000
"""2000-01-02, on the scale of instants."""

_KEPT = 4096
"""Many entries are of one second."""

_LONGEST = 64
_MICROSECOND = timedelta(microseconds=1)
_HAS_ZONE = re.compile(r"[T ].*(?:Z|z|[+-][0-9]{2}(?::?[0-9]{2})?(?::?[0-9]{2}(?:\.[0-9]+)?)?)$").search
_COMPACT = re.compile(r"[0-9]{8}(?:[0-9]{6})?").fullmatch
_A_NUMBER = re.compile(r"-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?").fullmatch
_YEARS = ("%Y", "%y", "%G", "%c", "%x")
_SAMPLE = datetime(2026, 11, 23, 11, 20, 55, tzinfo=UTC)


@lru_cache(maxsize=_KEPT)
def _clf_time(text: str) -> int | None:
    found = _CLF(text)
    month = MONTHS.get(found[2]) if found else None
    if found is None or month is None:
        return microseconds_of(text)
    return microseconds_of(f"{found[3]}-{month:02}-{found[1]:0>2}T{found[4]}{found[5] or ''}")


def clf_time(value: object) -> int | None:
    """The time of the Common Log Format, 24/Nov/2026:12:00:00 +0000; or any usual time."""
    if isinstance(value, str):
        return _clf_time(value) if len(value) <= _LONGEST else None
    return usual_time(value)


_WITH_MILLISECONDS = len("2026-11-24T12:00:00.250Z")
"""This form is read quickly already."""

_NANOSECONDS = 9
"""Digits of a second, at most."""

_LOWEST, _HIGHEST = "0001-01-03", "9999-12-29"
"""Between these no offset leads out of the years that there are."""


@lru_cache(maxsize=_KEPT)
def _second(text: str) -> int | None:
    return microseconds_of(text + "Z") if _LOWEST < text < _HIGHEST and text[10:11] in ("T", " ") else None


@lru_cache(maxsize=_KEPT)
def _offset(text: str) -> int | None:
    found = microseconds_of("2000-01-02T00:00:00" + text)
    return None if found is None or text[:1] not in ("+", "-") else _MIDNIGHT - found


def iso_time(value: object) -> int | None:
    """The usual times, and those with fractions of any length and an offset in a third of the time."""
    if not isinstance(value, str) or value[19:20] != "." or len(value) == _WITH_MILLISECONDS:
        return usual_time(value)
    is_utc = value.endswith("Z")
    fraction = value[20:-1] if is_utc else value[20:-6]
    offset = 0 if is_utc else _offset(value[-6:])
    second = _second(value[:19])
    if (
        second is None
        or offset is None
        or not (fraction.isascii() and fraction.isdigit())
        or len(fraction) > _NANOSECONDS
    ):
        return usual_time(value)
    return second + int(f"{fraction[:6]:0<6}") - offset


def time_reader(options: FormatOptions, usual: ReadTime = iso_time) -> ReadTime:
    """By `time_format` first where there is one; `time_zone` is that of times without.

    Raises ConfigurationError for a `time_format` that `datetime.strptime` can't read.
    """
    if options.time_format is None:
        return usual if options.time_zone is None else _zoned(usual, options.time_zone)
    _check(options.time_format)
    return _by_format(options.time_format, options.time_zone or UTC, usual)


def in_zone(microseconds: int, zone: tzinfo) -> int | None:
    """What a clock in `zone` shows, read as UTC, to the instant; the first of two where the clock is set back."""
    try:
        shown = datetime_of(microseconds)
        instant = shown.replace(tzinfo=zone).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return microseconds + (instant - shown) // _MICROSECOND


def _zoned(usual: ReadTime, zone: tzinfo) -> ReadTime:
    def read(value: object) -> int | None:
        found = usual(value)
        if found is None or not isinstance(value, str) or _is_absolute(value):
            return found
        return in_zone(found, zone)

    return read


def _is_absolute(text: str) -> bool:
    return bool(_HAS_ZONE(text)) or bool(_A_NUMBER(text) and not _COMPACT(text))


def _by_format(form: str, zone: tzinfo, usual: ReadTime) -> ReadTime:
    @lru_cache(maxsize=_KEPT)
    def parsed(text: str) -> int | None:
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is looked at below
        except ValueError:
            return None
        has_zone = moment.tzinfo is not None
        written = microseconds_of(moment.isoformat())
        return written if written is None or has_zone else in_zone(written, zone)

    def read(value: object) -> int | None:
        if isinstance(value, str) and len(value) <= _LONGEST:
            found = parsed(value)
            if found is not None:
                return found
        return usual(value)

    return read


def _check(form: str) -> None:
    if not any(year in form for year in _YEARS):
        raise ConfigurationError(f"`time_format` {form!r} has no year (%Y): its times would be of no year")
    try:
        datetime.strptime(_SAMPLE.strftime(form), form)  # noqa: DTZ007 - only whether it can be read
    except ValueError as error:
        raise ConfigurationError(f"`time_format` {form!r}: {error}") from None
