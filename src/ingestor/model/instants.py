"""Times as entries write them, to times as Postgres stores them: microseconds since 2000-01-01 UTC."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNIX_EPOCH_US = (datetime(1970, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
UNIX_EPOCH_MS: Final = _UNIX_EPOCH_US // 1000
"""1970-01-01 on this scale, in milliseconds."""

# What Python can read back: Postgres itself would take 4713 BC to 294276 AD.
_FIRST_US: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST_US: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND

type Instant = int | float | str | None
"""A number counts from 1970 and tells its unit by its magnitude; a string that is a number does so too.

Any other string is ISO 8601 as `datetime.fromisoformat` reads it; without an offset it is UTC.
"""

# Each unit covers the same years, 1973 to 5138, and the one below it what is nearer to 1970. Negative numbers likewise.
_SECONDS_BELOW: Final = 10**11
_MILLISECONDS_BELOW: Final = 10**14
_MICROSECONDS_BELOW: Final = 10**17
# The year 9999 in nanoseconds; more digits than this don't reach the arithmetic.
_NANOSECONDS_BELOW: Final = 10**21

# As JSON writes numbers. float() alone would also read "1_0", "nan" and digits of other scripts.
_NUMBER = re.compile(r"-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?").fullmatch
_LONGEST_NUMBER = 64
_DATE, _DATE_AND_TIME = len("20261123"), len("20261123112055")


# The form JavaScript's toISOString writes, 2026-11-23T11:20:55.268Z: logs have many entries in a second. Two look-ups
# cost a third of reading the whole; only what was read as a whole is ever looked up. Likewise without a fraction, and
# with microseconds, as AWS' load balancers write it.
_SECOND = len("2026-11-23T11:20:55")
_MILLISECONDS = {f".{milliseconds:03}Z": milliseconds * 1000 for milliseconds in range(1000)} | {
    "Z": 0,
    "": 0,
}
_MICROSECONDS = re.compile(r"\.[0-9]{6}Z").fullmatch
_SECONDS: dict[str, int] = {}
_SECONDS_KEPT = 1024


def microseconds_of(value: Instant) -> int | None:
    """None for what is no time, and for times outside 0001-01-01 .. 9999-12-31T23:59:59.999999 in UTC."""
    if isinstance(value, str):
        second = _SECONDS.get(value[:_SECOND])
        if second is None:
            return _of_text(value)
        fraction = _MILLISECONDS.get(value[_SECOND:])
        if fraction is not None:
            return second + fraction
        return second + int(value[_SECOND + 1 : -1]) if _MICROSECONDS(value, _SECOND) else _of_text(value)
    if value is None:
        return None
    # The usual case first: what Date.now() gives, as pino writes it.
    if _SECONDS_BELOW <= value < _MILLISECONDS_BELOW:
        return round(value * 1000) + _UNIX_EPOCH_US
    return _of_number(value)


def microseconds_from(moment: datetime) -> int:
    """`moment` has a zone."""
    return (moment - _EPOCH) // _MICROSECOND


def datetime_of(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _of_number(value: float) -> int | None:
    size = abs(value)
    if size < _SECONDS_BELOW:
        # What is left of a float beside its whole seconds is exact; multiplied as it is, it would be rounded twice.
        whole = int(value)
        since = whole * 1_000_000 + round((value - whole) * 1_000_000)
    elif size < _MILLISECONDS_BELOW:
        since = round(value * 1000)
    elif size < _MICROSECONDS_BELOW:
        since = round(value)
    elif size < _NANOSECONDS_BELOW:
        # Nanoseconds are cut off, as `fromisoformat` cuts them.
        since = int(value // 1000)
    else:
        return None
    return _in_range(since + _UNIX_EPOCH_US)


def _of_text(value: str) -> int | None:
    if _NUMBER(value):
        return _of_written_number(value) if len(value) <= _LONGEST_NUMBER else None
    # Where ISO has its T, `fromisoformat` takes any character: it reads "1712121501234Z" as 1712-12-15T12:34Z.
    return None if value[: _DATE + 1].isdigit() else _of_iso(value)


def _of_written_number(value: str) -> int | None:
    if not value.removeprefix("-").isdigit():
        return _of_number(float(value))
    written = _of_digits(value)
    return _of_number(int(value)) if written is None else written


def _of_digits(value: str) -> int | None:
    """Eight digits that are a date, and fourteen that are a date and a time, were meant so."""
    if len(value) == _DATE:
        return _of_iso(value)
    if len(value) == _DATE_AND_TIME:
        return _of_iso(f"{value[:_DATE]}T{value[_DATE:]}")
    return None


def _of_iso(value: str) -> int | None:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    # The difference of two datetimes is exact and knows no range, so an offset beyond year 1 or 9999 is safe here.
    since = moment - _EPOCH
    microseconds = _in_range((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
    if microseconds is not None and value[13:14] == value[16:17] == ":":
        _keep_second(value, microseconds)
    return microseconds


def _keep_second(value: str, microseconds: int) -> None:
    """`value` is written with colons, so that its first characters are a second and what follows is a part of one."""
    fraction = value[_SECOND:]
    if fraction in _MILLISECONDS:
        since = _MILLISECONDS[fraction]
    elif _MICROSECONDS(fraction):
        since = int(fraction[1:-1])
    else:
        return
    if len(_SECONDS) >= _SECONDS_KEPT:
        _SECONDS.clear()
    _SECONDS[value[:_SECOND]] = microseconds - since


def _in_range(microseconds: int) -> int | None:
    return microseconds if _FIRST_US <= microseconds <= _LAST_US else None
