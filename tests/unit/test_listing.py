"""Recent objects are all found, whatever the layout of the keys, and old days cost no requests."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.model.source_file import SourceFile
from ingestor.sources import ListedLevel, ListedPage
from ingestor.sources.date_layout import dated_branches
from ingestor.sources.listing import pages, pages_since

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class MemoryBucket:
    """Lists as S3 does, `page_size` at a time, and counts."""

    def __init__(self, files: Sequence[SourceFile], page_size: int) -> None:
        self.files = sorted(files, key=lambda file: file.key.encode())
        self.keys = [file.key for file in self.files]
        self.page_size = page_size
        self.requests = 0

    def page(
        self, _bucket: str, prefix: str = "", *, start_after: str = "", token: str | None = None
    ) -> ListedPage:
        assert token is None, "nobody gave one"
        self.requests += 1
        first = bisect_right(self.keys, start_after)
        found = [file for file in self.files[first:] if file.key.startswith(prefix)]
        taken = found[: self.page_size]
        return ListedPage(
            tuple(taken), taken[-1].key if taken else None, is_last=len(found) <= self.page_size
        )

    def level(self, _bucket: str, prefix: str = "", *, start_after: str = "") -> ListedLevel:
        self.requests += 1
        entries = sorted(
            {
                key if (slash := key.find("/", len(prefix))) < 0 else key[: slash + 1]
                for key in self.keys
                if key.startswith(prefix) and key > start_after
            }
        )
        return ListedLevel(tuple(entries[: self.page_size]), is_last=len(entries) <= self.page_size)


def a_file(key: str, moment: datetime) -> SourceFile:
    return SourceFile("logs", key, "e", None, 1, moment)


def at(day: date) -> datetime:
    return datetime.combine(day, time(23, 30), UTC)


LAYOUTS = [
    "{0:%Y}/{0:%m}/{0:%d}/{1}.gz",
    "{0:%Y}/{0:%m}/{0:%d}/07/{1}.gz",
    "{0.year}/{0.month}/{0.day}/{1}.gz",
    "year={0:%Y}/month={0:%m}/day={0:%d}/{1}.gz",
    "dt={0:%Y-%m-%d}/{1}.gz",
    "{0:%Y-%m-%d}.{1}.gz",
    "{1}/{0:%Y-%m-%d}.gz",
    "{1}.gz",
]
PLACES = ["", "app/", "app/2/", "other/", "2020/", "1/"]

FILES = st.builds(
    lambda place, layout, day, number: a_file(place + layout.format(day, number), at(day)),
    st.sampled_from(PLACES),
    st.sampled_from(LAYOUTS),
    st.dates(date(2024, 1, 1), NOW.date()),
    st.integers(0, 9),
)


@given(
    files=st.lists(FILES, max_size=80, unique_by=lambda file: file.key),
    page_size=st.integers(1, 7),
    newer_than=st.datetimes(datetime(2024, 1, 1), datetime(2026, 11, 24), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    prefix=st.sampled_from(["", "app/", "app/2", "a", "2", "2026/", "2024/0"]),
    cut=st.integers(0, 20),
)
def test_every_newer_object_is_listed_once_and_in_order_however_often_it_is_broken_off(
    files: list[SourceFile], page_size: int, newer_than: datetime, prefix: str, cut: int
) -> None:
    bucket = MemoryBucket(files, page_size)
    listed: list[str] = []
    cursor = ""
    counted = 0
    for number, page in enumerate(pages_since(bucket, "logs", prefix, newer_than=newer_than)):
        listed += [file.key for file in page.files]
        counted += page.requests
        cursor = page.last_key or cursor
        if number == cut and not page.is_last:
            bucket.requests = counted = 0
            for rest in pages_since(bucket, "logs", prefix, newer_than=newer_than, start_after=cursor):
                listed += [file.key for file in rest.files]
                counted += rest.requests
            break
    assert counted == bucket.requests
    assert listed == sorted(set(listed))
    expected = {file.key for file in files if file.key.startswith(prefix) and file.uploaded_at > newer_than}  # type: ignore[operator]  # each has a time
    assert expected <= set(listed)


@given(files=st.lists(FILES, max_size=40, unique_by=lambda file: file.key), page_size=st.integers(1, 7))
def test_everything_is_listed_page_by_page(files: list[SourceFile], page_size: int) -> None:
    bucket = MemoryBucket(files, page_size)
    listed = [file for page in pages(bucket, "logs", "") for file in page.files]
    assert listed == bucket.files


@pytest.mark.parametrize(
    ("layout", "most"),
    [
        ("{0:%Y}/{0:%m}/{0:%d}/{1}", 6),
        ("app/year={0:%Y}/month={0:%m}/day={0:%d}/{1}", 6),
        ("dt={0:%Y-%m-%d}/{1}", 5),
    ],
)
def test_two_years_of_old_days_cost_a_handful_of_requests(layout: str, most: int) -> None:
    days = [NOW.date() - timedelta(days=number) for number in range(700)]
    bucket = MemoryBucket([a_file(layout.format(day, n), at(day)) for day in days for n in range(20)], 1_000)
    newer_than = NOW - timedelta(hours=1)
    listed = [file for page in pages_since(bucket, "logs", "", newer_than=newer_than) for file in page.files]
    today = {file for file in bucket.files if dated_branches(file.key)[-1].last_day == NOW.date()}
    assert today <= set(listed)
    assert bucket.requests <= most
    assert len(list(pages(bucket, "logs", ""))) == 14


def test_what_lies_between_old_years_is_not_passed_over() -> None:
    old = [a_file(f"{year}/01/01/{n}", at(date(year, 1, 1))) for year in (2024, 2025) for n in range(5)]
    late = [
        a_file(key, NOW)
        for key in ("2024-x/y", "2024.json", "2025-notes", "2026/notes", "2026/11/x", "a/2025")
    ]
    bucket = MemoryBucket([*old, *late], 2)
    newer_than = NOW - timedelta(hours=1)
    listed = [file for page in pages_since(bucket, "logs", "", newer_than=newer_than) for file in page.files]
    assert set(late) <= set(listed)
    assert len(listed) < len(old) + len(late)


def test_what_comes_late_into_an_old_day_is_for_the_full_listing() -> None:
    old = [a_file(f"2025/01/0{day}/{n}", at(date(2025, 1, day))) for day in range(1, 8) for n in range(5)]
    late = a_file("2025/01/07/late", NOW)
    bucket = MemoryBucket([*old, late], 2)
    assert late not in [
        file for page in pages_since(bucket, "logs", "", newer_than=NOW) for file in page.files
    ]
    assert late in [file for page in pages(bucket, "logs", "") for file in page.files]


def test_a_key_a_day_behind_its_upload_is_listed() -> None:
    old = [a_file(f"2026/11/{day:02}/{n}", at(date(2026, 11, day))) for day in range(1, 21) for n in range(9)]
    late = a_file("2026/11/22/late", NOW)
    bucket = MemoryBucket([*old, late], 5)
    listed = [
        file
        for page in pages_since(bucket, "logs", "", newer_than=NOW - timedelta(hours=1))
        for file in page.files
    ]
    assert late in listed
    assert not any(dated_branches(file.key)[-1].last_day == date(2026, 11, 15) for file in listed)
