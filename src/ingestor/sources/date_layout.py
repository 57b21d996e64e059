"""Dates in the folders of keys: `2026/11/23/`, `year=2026/month=11/day=23/`, `dt=2026-11-23/`, below any prefix.

Firehose writes `2026/11/23/14/`: https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html. Hive and Athena
name the parts: https://docs.aws.amazon.com/athena/latest/ug/partitions.html.
"""

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

YEARS = range(1970, 2101)
"""Other numbers of four digits are somebody's ids."""

_WHOLE_DATE = re.compile(r"(\d{4})([-_.])(\d{2})\2(\d{2})(?:[-_.T]?\d{2})?", re.ASCII)
_PACKED_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{2})?", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_MONTH_OR_DAY = re.compile(r"\d{1,2}", re.ASCII)
_NAMES = ({"", "year", "yyyy", "y"}, {"", "month", "mm", "m"}, {"", "day", "dd", "d"})


@dataclass(frozen=True, slots=True)
class DatedBranch:
    """A folder, with its slash, whose keys are of these days by their names."""

    path: str
    first_day: date
    last_day: date

    @property
    def parent(self) -> str:
        return self.path[: self.path[:-1].rfind("/") + 1]


def dated_branches(key: str) -> tuple[DatedBranch, ...]:
    """The folders of `key` that make up its date, the widest first: year, month, day; or one. None: not by date.

    Bare numbers are a date only as year, month and day; named ones as year and month, too.
    """
    folders = key.split("/")[:-1]
    for start in range(len(folders)):
        found = _whole(folders, start) or _parts(folders, start)
        is_named = "=" in folders[start]
        if found and (found[-1].first_day == found[-1].last_day or (is_named and len(found) > 1)):
            return found
    return ()


def dated_sibling(branch: str) -> DatedBranch | None:
    """The days of a folder next to, or below, one of `dated_branches`: there, a year or a month alone is one."""
    folders = branch.split("/")[:-1]
    for start in range(len(folders)):
        found = _whole(folders, start) or _parts(folders, start)
        if found and found[-1].path == branch:
            return found[-1]
    return None


def _whole(folders: Sequence[str], start: int) -> tuple[DatedBranch, ...]:
    """`2026-11-23`, `dt=2026-11-23`, `dt=20261123`; each also with an hour."""
    name, _, value = folders[start].rpartition("=")
    match = _WHOLE_DATE.fullmatch(value)
    if match:
        year, _, month, day = match.groups()
    elif name and (match := _PACKED_DATE.fullmatch(value)):
        year, month, day = match.groups()
    else:
        return ()
    if not _exists(int(year), int(month), int(day)):
        return ()
    moment = date(int(year), int(month), int(day))
    return (DatedBranch(_path(folders, start), moment, moment),)


def _parts(folders: Sequence[str], start: int) -> tuple[DatedBranch, ...]:
    """One folder for each of year, month and day, as far as they are there."""
    numbers: list[int] = []
    found: list[DatedBranch] = []
    for index, folder in enumerate(folders[start : start + 3]):
        name, _, value = folder.rpartition("=")
        pattern = _MONTH_OR_DAY if index else _YEAR
        if name.lower() not in _NAMES[index] or not pattern.fullmatch(value):
            break
        numbers.append(int(value))
        if not _exists(*numbers):
            break
        found.append(_branch(_path(folders, start + index), *numbers))
    return tuple(found)


def _exists(year: int, month: int = 1, day: int = 1) -> bool:
    return (
        year in YEARS and month in range(1, 13) and day in range(1, calendar.monthrange(year, month)[1] + 1)
    )


def _branch(path: str, year: int, month: int | None = None, day: int | None = None) -> DatedBranch:
    last_month = month or 12
    last_day = day or calendar.monthrange(year, last_month)[1]
    return DatedBranch(path, date(year, month or 1, day or 1), date(year, last_month, last_day))


def _path(folders: Sequence[str], index: int) -> str:
    return "/".join(folders[: index + 1]) + "/"
