"""Whatever ends a pass of `ingestor run`, and whatever a clock says: the next pass goes on, no object is forgotten."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.discovering import NOW, Dated, aged, hours, with_objects
from tests.support.ledger_steps import completed, states
from tests.support.running import BrokenConnection, KilledLoaders, a_pass
from tests.support.sweeping import Place

from ingestor import ledger
from ingestor.discovery import steps
from ingestor.errors import DatabaseUnavailableError, SourceUnavailableError
from ingestor.model.source_file import SourceFile
from ingestor.sources import ListedPage
from ingestor.sweep.context import SweepContext

NEW_LOG = f'{{"time":{int(NOW.timestamp() * 1000)},"msg":"hello"}}\n'.encode()


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two objects a page and a step, where in life it is two thousand."""
    monkeypatch.setattr(steps, "FILES_A_STEP", 2)


def bucket_of(place: Place, **ages: timedelta) -> SweepContext:
    """Objects uploaded so long ago, whose logs are as new as can be; START_FROM is unset."""
    tools = with_objects(place, **ages)
    for key in ages:
        place.upload(key, NEW_LOG)
    return with_settings(tools, start_from=None)


def with_settings(tools: SweepContext, **changes: Any) -> SweepContext:  # noqa: ANN401 - values of any setting
    return replace(tools, settings=tools.settings.model_copy(update=changes))


def loaded(tools: SweepContext) -> set[str]:
    assert set(states(tools.database).values()) <= {"COMPLETED"}
    return set(states(tools.database))


def reconciled_long_ago(tools: SweepContext) -> None:
    aged(tools, "25 hours", "reconcile")


def test_an_older_object_whose_claim_met_a_broken_connection_is_loaded_by_the_next_pass(place: Place) -> None:
    tools = bucket_of(place, old=hours(9), new=hours(1))
    with pytest.raises(DatabaseUnavailableError):
        a_pass(tools, loaders=BrokenConnection(tools, {"old"}))
    assert states(tools.database) == {"old": "PENDING", "new": "COMPLETED"}
    assert a_pass(tools).loaded == 1
    assert loaded(tools) == {"old", "new"}


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("after", range(8))
def test_killed_amid_many_new_objects_nothing_is_forgotten(place: Place, after: int) -> None:
    """The keys' order is not that of the uploads: the newest come first."""
    tools = bucket_of(place, **{f"{number:02}": hours(5 * number + 1) for number in range(8)})
    with pytest.raises(KeyboardInterrupt):
        a_pass(tools, loaders=KilledLoaders(tools, after))
    assert len(states(tools.database)) == 8, "all is entered before the first is loaded"
    a_pass(tools)
    assert loaded(tools) == {f"{number:02}" for number in range(8)}


class KilledListing(Dated):
    """Ends before the page number `dies_at`."""

    dies_at = 0

    def page(
        self, bucket: str, prefix: str = "", *, start_after: str = "", token: str | None = None
    ) -> ListedPage:
        if self.pages == self.dies_at:
            raise KeyboardInterrupt
        return super().page(bucket, prefix, start_after=start_after, token=token)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("dies_at", range(4))
def test_a_listing_that_was_killed_goes_on_although_newer_objects_are_loaded_since(
    place: Place, dies_at: int
) -> None:
    ages = {f"{number:02}": hours(5 * number + 1) for number in range(8)}
    tools = bucket_of(place, **ages)
    killed = KilledListing(place, ages)
    killed.dies_at = dies_at
    with pytest.raises(KeyboardInterrupt):
        a_pass(replace(tools, objects=killed))
    assert len(states(tools.database)) == 2 * dies_at
    ages["00a"] = hours(0)  # behind the cursor
    tools = bucket_of(place, **ages)
    completed(tools.database, SourceFile(place.bucket, "newest", "e", None, 9, NOW), last_log_at=NOW)
    a_pass(tools)
    assert loaded(tools) == {*ages, "newest"}


def test_a_prefix_first_and_everything_later(place: Place) -> None:
    tools = bucket_of(place, **{"app1/a": hours(1), "app2/b": hours(9), "other": hours(90)})
    a_pass(tools, prefix="app1/")
    assert loaded(tools) == {"app1/a"}
    a_pass(tools)
    assert loaded(tools) == {"app1/a", "app2/b", "other"}


def test_everything_first_and_a_prefix_later(place: Place) -> None:
    tools = bucket_of(place, **{"app1/a": hours(1), "app2/b": hours(9)})
    a_pass(tools, prefix="app2/")
    a_pass(tools)
    assert a_pass(tools, prefix="app2/").files == 0
    assert loaded(tools) == {"app1/a", "app2/b"}


@pytest.mark.parametrize("when", ["before the first pass", "after it"])
def test_an_entry_and_a_notification_from_the_year_2099_hide_nothing(place: Place, when: str) -> None:
    future = datetime(2099, 1, 1, tzinfo=UTC)
    odd = SourceFile(place.bucket, "odd", "e", None, 9, future)
    tools = bucket_of(place, a=hours(9))
    if when == "before the first pass":
        completed(tools.database, odd, last_log_at=future)
    a_pass(tools)
    if when == "after it":
        completed(tools.database, odd, last_log_at=future)
    later = bucket_of(place, a=hours(9), b=hours(0))
    a_pass(later)
    assert loaded(tools) == {"a", "b", "odd"}


def test_a_listing_of_a_clock_that_was_set_back_since_proves_nothing(place: Place) -> None:
    tools = bucket_of(place, a=hours(9))
    a_pass(tools)
    for purpose in ("recent", "reconcile"):
        aged(tools, "-1000 hours", purpose)
    completed(tools.database, SourceFile(place.bucket, "newest", "e", None, 9, NOW), last_log_at=NOW)
    a_pass(bucket_of(place, a=hours(9), lost=hours(7)))
    assert loaded(tools) == {"a", "lost", "newest"}


def test_a_second_pass_lists_no_older_objects_than_it_must(place: Place) -> None:
    days = {f"{NOW - timedelta(days=day):%Y/%m/%d}/{n}": hours(24 * day) for day in range(30) for n in "abcd"}
    tools = bucket_of(place, **days)
    assert a_pass(tools).listed == 120
    objects = tools.objects
    assert isinstance(objects, Dated)
    assert a_pass(tools).listed < 30


def test_once_in_reconcile_hours_everything_is_listed_again(place: Place) -> None:
    tools = bucket_of(place, now=hours(1))
    a_pass(tools)
    later = bucket_of(place, now=hours(1), restored=hours(90))
    a_pass(later)
    assert loaded(tools) == {"now"}
    reconciled_long_ago(tools)
    a_pass(later)
    assert loaded(tools) == {"now", "restored"}


@pytest.mark.usefixtures("small_steps")
def test_a_reconciliation_that_was_killed_goes_on_at_its_cursor(place: Place) -> None:
    ages = {f"{number:02}": hours(90) for number in range(8)}
    tools = bucket_of(place, now=hours(1))
    a_pass(tools)
    tools = bucket_of(place, now=hours(1), **ages)
    reconciled_long_ago(tools)
    killed = KilledListing(place, {"now": hours(1), **ages})
    killed.dies_at = 7  # five of them are for what is recent
    with pytest.raises(KeyboardInterrupt):
        a_pass(replace(tools, objects=killed))
    assert list(states(tools.database)) == ["now", "00", "01", "02", "03"]
    objects = tools.objects
    assert isinstance(objects, Dated)
    a_pass(tools)
    assert objects.pages == 5 + 3
    assert loaded(tools) == {"now", *ages}


def test_start_from_keeps_older_objects_out_until_it_is_set_back(place: Place) -> None:
    tools = with_settings(bucket_of(place, old=hours(9), new=hours(1)), start_from=NOW - hours(5))
    a_pass(tools)
    reconciled_long_ago(tools)
    a_pass(tools)
    assert loaded(tools) == {"new"}
    a_pass(with_settings(tools, start_from=None))
    assert loaded(tools) == {"new", "old"}


def test_since_asks_for_older_objects_than_start_from(place: Place) -> None:
    tools = bucket_of(place, older=hours(20), old=hours(9), new=hours(1))
    tools = with_settings(tools, start_from=NOW - hours(5))
    a_pass(tools, since=NOW - hours(10))
    assert loaded(tools) == {"old", "new"}


def test_since_leaves_older_objects_to_the_next_pass_without_it(place: Place) -> None:
    tools = bucket_of(place, old=hours(9), new=hours(1))
    a_pass(tools, since=NOW - hours(5))
    assert loaded(tools) == {"new"}
    a_pass(tools)
    assert loaded(tools) == {"new", "old"}


def test_where_a_sweeper_watches_the_bucket_run_looks_no_further_back(place: Place) -> None:
    """Unasked, neither loads what was there before the service."""
    tools = bucket_of(place, ancient=hours(900))
    with tools.database.transaction() as connection:
        created_at = ledger.schema_created_at(connection)
        listing = ledger.begin_listing(
            connection, place.bucket, "", ledger.Purpose.RECONCILE, newer_than=created_at
        )
        ledger.move_listing(connection, listing, cursor=None, objects=0, registered=0, is_finished=True)
    a_pass(tools)
    a_pass(tools, prefix="an")
    assert loaded(tools) == set()
    a_pass(with_settings(tools, start_from=datetime(1970, 1, 1, tzinfo=UTC)))
    assert loaded(tools) == {"ancient"}


def test_what_the_ledger_has_to_do_is_loaded_even_if_the_bucket_can_not_be_listed(place: Place) -> None:
    class Unlisted(Dated):
        def page(self, *_: Any, **__: Any) -> ListedPage:  # noqa: ANN401 - whatever is asked
            raise SourceUnavailableError("s3:ListBucket is missing")

    tools = bucket_of(place, a=hours(1))
    with pytest.raises(DatabaseUnavailableError):
        a_pass(tools, loaders=BrokenConnection(tools, {"a"}))
    with pytest.raises(SourceUnavailableError, match="ListBucket"):
        a_pass(replace(tools, objects=Unlisted(place, {})))
    assert loaded(tools) == {"a"}


def test_other_bytes_under_a_known_key_are_loaded_where_on_overwrite_says_so(place: Place) -> None:
    tools = bucket_of(place, a=hours(3))
    a_pass(tools)
    tools = bucket_of(place, a=hours(1))
    place.upload("a", NEW_LOG + NEW_LOG)
    assert a_pass(tools).loaded == 0
    assert a_pass(with_settings(tools, on_overwrite="replace")).rows == 2
    assert a_pass(with_settings(tools, on_overwrite="replace")).files == 0
