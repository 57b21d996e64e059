"""Times that don't say their zone."""

from collections.abc import Callable
from datetime import datetime, tzinfo

_YEAR_TO_DAY = len("2026-11-23")


def in_time_zone(zone: tzinfo) -> Callable[[object], object]:
    """A time without an offset gets that of `zone`; any other value stays as it is."""

    def read(value: object) -> object:
        # Digits alone are a number, or a date and a time in UTC: model/instants.py.
        if not isinstance(value, str) or value[:_YEAR_TO_DAY].isdigit():
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return moment.replace(tzinfo=zone).isoformat() if moment.tzinfo is None else value

    return read
