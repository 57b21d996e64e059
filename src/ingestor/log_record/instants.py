"""Times as entries write them, to times as Postgres stores them: microseconds since 2000-01-01 UTC."""

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
_FIRST_UNIX_MS: Final = (_FIRST_US - _UNIX_EPOCH_US) // 1000
_LAST_UNIX_MS: Final = (_LAST_US - _UNIX_EPOCH_US) // 1000 + 1

type Instant = int | float | str | None
"""Milliseconds since 1970, or ISO 8601 as `datetime.fromisoformat` reads it; without an offset it is UTC."""


# The form JavaScript's toISOString writes, 2026-11-23T11:20:55.268Z: logs have many entries in a second. Two look-ups
# cost a third of reading the whole; only what was read as a whole is ever looked up.
_SECOND = len("2026-11-23T11:20:55")
_MILLISECONDS = {f".{milliseconds:03}Z": milliseconds * 1000 for milliseconds in range(1000)}
_SECONDS: dict[str, int] = {}
_SECONDS_KEPT = 1024


def microseconds_of(value: Instant) -> int | None:
    """None for what is no time, and for times outside 0001-01-01 .. 9999-12-31T23:59:59.999999 in UTC."""
    if isinstance(value, str):
        try:
            return _SECONDS[value[:_SECOND]] + _MILLISECONDS[value[_SECOND:]]
        except KeyError:
            return _of_iso(value)
    # Compared as milliseconds first: an integer of 4,000 digits or 1e308 doesn't reach the arithmetic.
    if value is None or not _FIRST_UNIX_MS <= value <= _LAST_UNIX_MS:
        return None
    return _in_range(round(value * 1000) + _UNIX_EPOCH_US)


def datetime_of(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


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
    if microseconds is not None and value[_SECOND:] in _MILLISECONDS:
        if len(_SECONDS) >= _SECONDS_KEPT:
            _SECONDS.clear()
        _SECONDS[value[:_SECOND]] = microseconds - _MILLISECONDS[value[_SECOND:]]
    return microseconds


def _in_range(microseconds: int) -> int | None:
    return microseconds if _FIRST_US <= microseconds <= _LAST_US else None
