"""Discovery within its bounds: of time, of pages, of others at work, of what can't be listed."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.conftest import CommandLine
from tests.support.discovering import LONG_AGO, NOW, Dated, hours, loaded, reconciled, with_objects
from tests.support.ledger_steps import states
from tests.support.sweeping import Place, RefusingQueue

from ingestor import ledger
from ingestor.database import Database
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import ServiceUnavailableError
from ingestor.settings import FROM_THE_BEGINNING, Settings
from ingestor.sweep import discovery
from ingestor.sweep.discovery import Discovery, discover_objects


def test_near_the_deadline_nothing_is_listed(place: Place) -> None:
    tools = with_objects(place, a=hours(1))
    assert discover_objects(tools, Deadline(lambda: 1)) == Discovery(is_complete=False)
    assert states(tools.database) == {}


def test_a_tick_that_runs_out_of_time_is_continued_by_the_next(place: Place) -> None:
    tools = with_objects(place, **{f"{number:02}": hours(2) for number in range(9)})
    objects = tools.objects
    assert isinstance(objects, Dated)
    first = discover_objects(tools, Deadline(lambda: 100 - 30 * objects.pages, reserve_seconds=10))
    assert (first.sent, first.list_requests, first.is_complete) == (6, 3, False)
    second = discover_objects(tools, UNLIMITED)
    assert (second.listed, second.registered) == (3 + 9, 3)
    assert sorted(place.sent_keys()) == [f"{number:02}" for number in range(9)]


def test_each_tick_lists_a_bounded_number_of_pages(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "RECENT_PAGES", 2)
    monkeypatch.setattr(discovery, "RECONCILE_PAGES", 1)
    tools = with_objects(place, **{f"{number:02}": hours(2) for number in range(7)})
    registered = [discover_objects(tools, UNLIMITED).registered for _ in range(3)]
    assert registered == [4, 3, 0]


def test_what_could_not_be_sent_is_in_the_ledger_and_not_found_again(place: Place) -> None:
    tools = with_objects(place, a=hours(1))
    with pytest.raises(ServiceUnavailableError, match="refused 1 of 1"):
        discover_objects(replace(tools, queue=RefusingQueue()), UNLIMITED)
    assert discover_objects(tools, UNLIMITED).sent == 0
    assert states(tools.database) == {"a": "PENDING"}


def test_a_bucket_that_can_not_be_listed_is_told_after_the_others_are_done(place: Place) -> None:
    tools = with_objects(place, a=hours(1))
    settings = tools.settings.model_copy(update={"buckets": ("0-missing", place.bucket)})
    with pytest.raises(ServiceUnavailableError, match="s3://0-missing/: no such bucket") as caught:
        discover_objects(replace(tools, settings=settings), UNLIMITED)
    assert str(caught.value).count("0-missing") == 1
    assert place.sent_keys() == ["a"]


def test_two_sweepers_at_once_send_nothing_twice(place: Place, new_database: Callable[[], Database]) -> None:
    keys = {f"{number:03}": hours(2) for number in range(40)}
    tools = with_objects(place, **keys)
    barrier = threading.Barrier(2)
    sent: list[int] = []

    def sweep() -> None:
        mine = replace(tools, database=new_database(), objects=Dated(place, keys))
        barrier.wait(timeout=10)
        sent.append(discover_objects(mine, UNLIMITED).sent)

    threads = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(sent) == 2
    assert sum(sent) == 40
    assert sorted(place.sent_keys()) == sorted(keys)


def test_a_pass_begun_anew_is_not_ended_by_the_one_before(place: Place) -> None:
    with place.tools.database.transaction() as connection:
        old = ledger.begin_listing(connection, place.bucket, "", ledger.Purpose.RECENT, newer_than=NOW)
        ledger.begin_listing(connection, place.bucket, "", ledger.Purpose.RECENT, newer_than=LONG_AGO)
        ledger.move_listing(connection, old, cursor=None, objects=9, registered=9, is_finished=True)
        now = ledger.read_listing(connection, place.bucket, "", ledger.Purpose.RECENT)
    assert now is not None
    assert (now.finished_at, now.objects, now.newer_than) == (None, 0, LONG_AGO)


def test_keys_by_date_are_listed_from_the_date_on(place: Place) -> None:
    """With a real listing, its StartAfter and its delimiter."""
    days = [NOW - timedelta(days=number) for number in range(60)]
    ages = {
        f"app/{day:%Y/%m/%d}/{name}": NOW - day + hours(1)
        for day in days
        for name in ("a", "b", "c", "größe 1+1 🚀")
    }
    tools = with_objects(place, **ages)
    settings = tools.settings.model_copy(update={"start_from": NOW - hours(6)})
    reconciled(tools)
    done = discover_objects(replace(tools, settings=settings), UNLIMITED)
    assert sorted(place.sent_keys()) == sorted(key for key, age in ages.items() if age < hours(6))
    # Of 240 keys, two a page: the first, and two or three days of four keys each.
    assert done.listed <= 2 + 4 * 4


BEFORE_EVERY_CLOCK = datetime.min.replace(tzinfo=UTC)


def test_an_entry_of_the_year_1_ends_no_listing(place: Place) -> None:
    """It is the newest log there is: nothing lies two hours before it."""
    tools = with_objects(place, a=hours(1))
    discover_objects(tools, UNLIMITED)
    loaded(place, "ancient", uploaded=NOW, last_log_at=BEFORE_EVERY_CLOCK)
    assert discover_objects(tools, UNLIMITED).is_complete


def test_a_start_in_the_year_1_means_everything() -> None:
    for start in ("0001-01-01", "0001-01-01T00:00:00+14:00"):
        assert Settings.from_environment({"START_FROM": start}).start_from == FROM_THE_BEGINNING


@pytest.mark.parametrize("command", [["run", "--dry-run"], ["run"], ["backfill"]])
def test_since_the_year_1_means_everything(
    command: list[str], place: Place, ingestor: CommandLine, s3_server: str
) -> None:
    place.upload("a")
    variables = {"AWS_ENDPOINT_URL": s3_server, "QUEUE_URL": place.queue_url}
    since = ["--since", "0001-01-01T00:00:00+14:00"]
    for _ in range(2):
        answer = ingestor.using(variables)(*command, "--bucket", place.bucket, *since)
        assert answer.status == 0, answer.stderr
