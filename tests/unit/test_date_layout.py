"""What the folders of a key say about its day."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.sources.date_layout import dated_branches, dated_sibling

DAYS = st.dates(date(1970, 1, 1), date(2100, 12, 31))
LAYOUTS = [
    "{0:%Y}/{0:%m}/{0:%d}/",
    "{0:%Y}/{0:%m}/{0:%d}/14/",
    "{0.year}/{0.month}/{0.day}/",
    "year={0:%Y}/month={0:%m}/day={0:%d}/",
    "year={0.year}/month={0.month}/day={0.day}/hour=4/",
    "y={0:%Y}/m={0:%m}/d={0:%d}/",
    "{0:%Y-%m-%d}/",
    "{0:%Y-%m-%d}-14/",
    "{0:%Y.%m.%d}/",
    "dt={0:%Y-%m-%d}/",
    "date={0:%Y%m%d}/",
]
BEFORE = ["", "app/", "AWSLogs/123456789012/elasticloadbalancing/us-east-1/", "1234/", "a//"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("before", BEFORE)
@given(day=DAYS)
def test_a_date_in_the_folders_is_recognised(layout: str, before: str, day: date) -> None:
    branches = dated_branches(before + layout.format(day) + "app.json.gz")
    assert (branches[-1].first_day, branches[-1].last_day) == (day, day)
    assert branches[0].parent == before
    for wider, narrower in pairwise(branches):
        assert wider.path == narrower.parent
        assert wider.first_day <= narrower.first_day <= narrower.last_day <= wider.last_day


@pytest.mark.parametrize("layout", LAYOUTS)
@given(day=DAYS)
def test_each_folder_of_a_date_is_known_by_itself_among_its_siblings(layout: str, day: date) -> None:
    for branch in dated_branches("app/" + layout.format(day) + "x"):
        assert dated_sibling(branch.path) == branch


def test_the_days_of_a_year_and_of_a_month_are_all_of_theirs() -> None:
    year, month, day = dated_branches("app/2024/02/05/x")
    assert (year.path, year.first_day, year.last_day) == ("app/2024/", date(2024, 1, 1), date(2024, 12, 31))
    assert (month.path, month.last_day) == ("app/2024/02/", date(2024, 2, 29))
    assert day.path == "app/2024/02/05/"


@pytest.mark.parametrize(
    "key",
    [
        "app.json.gz",
        "2026-11-23.json.gz",
        "app/2026-11-23",
        "2026/app.json",
        "2026/11/app.json",
        "2026/13/01/x",
        "2026/02/30/x",
        "0026/11/23/x",
        "9999/12/31/x",
        "customers/2000/10/x",
        "20261123/x",
        "12345678/x",
        "logs/v2026/11/23x/x",
        "٢٠٢٦/11/23/x",
        "month=11/day=23/x",
    ],
)
def test_what_is_no_whole_date_is_not_by_date(key: str) -> None:
    assert dated_branches(key) == ()


def test_named_months_need_no_day() -> None:
    assert [each.path for each in dated_branches("year=2026/month=11/x")] == [
        "year=2026/",
        "year=2026/month=11/",
    ]


@given(st.text(alphabet="0129/=-.yeardt", max_size=40))
def test_any_key_is_judged(key: str) -> None:
    for branch in dated_branches(key):
        assert key.startswith(branch.path)
        assert branch.first_day <= branch.last_day
    sibling = dated_sibling(key)
    assert sibling is None or sibling.path == key


def test_a_plain_key_and_other_folders_are_no_siblings_of_dates() -> None:
    assert [dated_sibling(key) for key in ("app/2026", "app/2026/x.json", "app/2026/notes/", "app/")] == [
        None
    ] * 4
