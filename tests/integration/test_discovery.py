"""Objects that nobody told us of are found by listing, once, and sent oldest first."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.ledger_steps import completed, events, failed, states
from tests.integration.sweeping import Place, RefusingQueue

from ingestor import ledger
from ingestor.database import Database
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import ErrorKind, SourceUnavailableError
from ingestor.s3_object import ListedPage, S3Objects
from ingestor.source_file import SourceFile
from ingestor.sweep import discovery
from ingestor.sweep.discovery import Discovery, queue_unknown_objects
from ingestor.sweep.tools import SweepTools

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=400)


class Dated(S3Objects):
    """Objects as old as a test says: moto's are all new. Two keys a page, and counted."""

    def __init__(self, place: Place, ages: dict[str, timedelta]) -> None:
        super().__init__(place.s3)
        self.ages = ages
        self.pages = 0

    def page(self, bucket: str, prefix: str = "", *, start_after: str = "") -> ListedPage:
        self.pages += 1
        page = super().page(bucket, prefix, start_after=start_after)
        taken = page.files[:2]
        files = tuple(replace(file, event_time=NOW - self.ages[file.key]) for file in taken)
        is_last = page.is_last and len(taken) == len(page.files)
        return ListedPage(files, taken[-1].key if taken else None, is_last=is_last)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def with_objects(place: Place, **ages: timedelta) -> SweepTools:
    """The objects uploaded so long ago, listed as such; everything since ever counts."""
    for key in ages:
        place.upload(key)
    settings = place.tools.settings.model_copy(update={"start_from": LONG_AGO})
    return replace(place.tools, objects=Dated(place, ages), settings=settings)


def loaded(place: Place, key: str, *, uploaded: datetime, last_log_at: datetime | None = None) -> None:
    current = place.tools.objects.current(SourceFile(place.bucket, key))
    etag = current.etag if current else "e"
    file = SourceFile(place.bucket, key, etag, None, 10, uploaded)
    completed(place.tools.database, file, last_log_at=last_log_at or uploaded)


def reconciled(tools: SweepTools) -> None:
    """As if the daily listing had just ended."""
    [bucket] = tools.settings.watched_buckets
    with tools.database.transaction() as connection:
        listing = ledger.begin_listing(connection, bucket, "", ledger.Purpose.RECONCILE, newer_than=LONG_AGO)
        ledger.move_listing(connection, listing, cursor=None, objects=0, registered=0, is_finished=True)


def aged(tools: SweepTools, age: str, purpose: str) -> None:
    """As if that listing had begun and ended so long ago."""
    with tools.database.transaction() as connection:
        connection.execute(
            "UPDATE listings SET started_at = started_at - %s::interval, finished_at = finished_at - %s::interval "
            "WHERE purpose = %s",
            (age, age, purpose),
        )


def test_empty_state(place: Place) -> None:
    """Nothing is loaded yet: everything since START_FROM is found, and sent oldest first."""
    tools = with_objects(place, a=hours(1), b=hours(30), c=hours(2))
    done = queue_unknown_objects(tools, UNLIMITED)
    assert (done.registered, done.sent, done.is_complete) == (3, 3, True)
    assert done.list_requests == 4  # two pages, by each of the two listings
    assert place.sent_keys() == ["b", "c", "a"]
    assert states(tools.database) == {"a": "PENDING", "b": "PENDING", "c": "PENDING"}
    assert events(tools.database) == ["discovered"] * 3
    again = queue_unknown_objects(tools, UNLIMITED)
    assert (again.registered, again.sent) == (0, 0)
    assert place.sent() == []


def test_new_records(place: Place) -> None:
    """Some are loaded: what is newer than the newest log is found; what is older by more than the margin is not."""
    tools = with_objects(place, before=hours(9), loaded=hours(5), margin=hours(5.5), after=hours(2))
    loaded(place, "loaded", uploaded=NOW - hours(5))
    reconciled(tools)
    queue_unknown_objects(tools, UNLIMITED)
    assert place.sent_keys() == ["margin", "after"]


def test_an_empty_bucket_is_looked_at_with_one_request_a_listing(place: Place) -> None:
    assert queue_unknown_objects(place.tools, UNLIMITED) == Discovery(list_requests=2)


def test_without_buckets_nothing_is_listed(place: Place) -> None:
    settings = place.tools.settings.model_copy(update={"buckets": ()})
    assert queue_unknown_objects(replace(place.tools, settings=settings), UNLIMITED) == Discovery()


def test_objects_younger_than_the_grace_wait_for_their_notification(place: Place) -> None:
    tools = with_objects(place, young=timedelta(0), ripe=timedelta(minutes=16))
    assert queue_unknown_objects(tools, UNLIMITED).sent == 1
    assert place.sent_keys() == ["ripe"]


def test_an_old_bucket_is_not_loaded_unasked(place: Place) -> None:
    tools = with_objects(place, old=hours(900), older=hours(9_000))
    unset = tools.settings.model_copy(update={"start_from": None})
    assert queue_unknown_objects(replace(tools, settings=unset), UNLIMITED).sent == 0


def test_start_from_keeps_older_objects_out_whatever_is_loaded(place: Place) -> None:
    tools = with_objects(place, a=hours(50), b=hours(20))
    since = tools.settings.model_copy(update={"start_from": NOW - hours(30)})
    queue_unknown_objects(replace(tools, settings=since), UNLIMITED)
    assert place.sent_keys() == ["b"]


def test_one_entry_of_the_year_9999_blinds_nothing(place: Place) -> None:
    tools = with_objects(place, odd=hours(5), new=hours(1))
    loaded(place, "odd", uploaded=NOW - hours(5), last_log_at=datetime(9999, 12, 31, tzinfo=UTC))
    reconciled(tools)
    queue_unknown_objects(tools, UNLIMITED)
    assert place.sent_keys() == ["new"]


def test_what_came_while_nobody_swept_is_found_though_newer_logs_are_loaded(place: Place) -> None:
    tools = with_objects(place, lost=hours(8), loaded=hours(1))
    loaded(place, "loaded", uploaded=NOW - hours(1))
    reconciled(tools)
    with tools.database.transaction() as connection:
        listing = ledger.begin_listing(
            connection, place.bucket, "", ledger.Purpose.RECENT, newer_than=LONG_AGO
        )
        ledger.move_listing(connection, listing, cursor=None, objects=0, registered=0, is_finished=True)
    aged(tools, "10 hours", "recent")
    queue_unknown_objects(tools, UNLIMITED)
    assert place.sent_keys() == ["lost"]


def test_folder_markers_empty_objects_and_other_prefixes_are_left_out(place: Place) -> None:
    tools = with_objects(place, **{"logs/app": hours(1), "other/app": hours(1)})
    for key in ("logs/", "logs/empty"):
        place.upload(key, b"")
    prefixed = tools.settings.model_copy(update={"prefix": "logs/"})
    queue_unknown_objects(replace(tools, settings=prefixed), UNLIMITED)
    assert place.sent_keys() == ["logs/app"]


def test_the_full_listing_finds_what_the_recent_one_can_not(place: Place) -> None:
    """Older than the newest log, as after a copy that kept its time, or a notification lost long ago."""
    tools = with_objects(place, forgotten=hours(90), loaded=hours(5))
    loaded(place, "loaded", uploaded=NOW - hours(5))
    reconciled(tools)
    assert queue_unknown_objects(tools, UNLIMITED).sent == 0
    aged(tools, "23 hours", "reconcile")
    assert queue_unknown_objects(tools, UNLIMITED).sent == 0
    aged(tools, "2 hours", "reconcile")
    assert queue_unknown_objects(tools, UNLIMITED).sent == 1
    assert place.sent_keys() == ["forgotten"]


@pytest.mark.parametrize(("mode", "expected"), [("skip", ["failed"]), ("replace", ["done", "failed"])])
def test_the_full_listing_sends_new_bytes_of_known_keys(place: Place, mode: str, expected: list[str]) -> None:
    tools = with_objects(place, same=hours(3), done=hours(3), failed=hours(3), untold=hours(3))
    for key in ("same", "done"):
        loaded(place, key, uploaded=NOW - hours(3))
    failed(tools.database, SourceFile(place.bucket, "failed", "old"), ErrorKind.PERMANENT)
    completed(tools.database, SourceFile(place.bucket, "untold", None))
    place.upload("done", b"other bytes")
    settings = tools.settings.model_validate(tools.settings.model_dump() | {"on_overwrite": mode})
    done = queue_unknown_objects(replace(tools, settings=settings), UNLIMITED)
    assert (done.registered, done.sent) == (0, len(expected))
    assert sorted(place.sent_keys()) == expected


def test_near_the_deadline_nothing_is_listed(place: Place) -> None:
    tools = with_objects(place, a=hours(1))
    assert queue_unknown_objects(tools, Deadline(lambda: 1)) == Discovery(is_complete=False)
    assert states(tools.database) == {}


def test_a_tick_that_runs_out_of_time_is_continued_by_the_next(place: Place) -> None:
    tools = with_objects(place, **{f"{number:02}": hours(2) for number in range(9)})
    objects = tools.objects
    assert isinstance(objects, Dated)
    first = queue_unknown_objects(tools, Deadline(lambda: 100 - 30 * objects.pages, reserve_seconds=10))
    assert (first.sent, first.list_requests, first.is_complete) == (6, 3, False)
    second = queue_unknown_objects(tools, UNLIMITED)
    assert (second.listed, second.registered) == (3 + 9, 3)
    assert sorted(place.sent_keys()) == [f"{number:02}" for number in range(9)]


def test_each_tick_lists_a_bounded_number_of_pages(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "RECENT_PAGES", 2)
    monkeypatch.setattr(discovery, "RECONCILE_PAGES", 1)
    tools = with_objects(place, **{f"{number:02}": hours(2) for number in range(7)})
    registered = [queue_unknown_objects(tools, UNLIMITED).registered for _ in range(3)]
    assert registered == [4, 3, 0]


def test_what_could_not_be_sent_is_in_the_ledger_and_not_found_again(place: Place) -> None:
    tools = with_objects(place, a=hours(1))
    with pytest.raises(SourceUnavailableError, match="refused 1 of 1"):
        queue_unknown_objects(replace(tools, queue=RefusingQueue()), UNLIMITED)
    assert queue_unknown_objects(tools, UNLIMITED).sent == 0
    assert states(tools.database) == {"a": "PENDING"}


def test_a_bucket_that_can_not_be_listed_is_told_after_the_others_are_done(place: Place) -> None:
    tools = with_objects(place, a=hours(1))
    settings = tools.settings.model_copy(update={"buckets": ("0-missing", place.bucket)})
    with pytest.raises(SourceUnavailableError, match="s3://0-missing/: no such bucket") as caught:
        queue_unknown_objects(replace(tools, settings=settings), UNLIMITED)
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
        sent.append(queue_unknown_objects(mine, UNLIMITED).sent)

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
    done = queue_unknown_objects(replace(tools, settings=settings), UNLIMITED)
    assert sorted(place.sent_keys()) == sorted(key for key, age in ages.items() if age < hours(6))
    # Of 240 keys, two a page: the first, and two or three days of four keys each.
    assert done.listed <= 2 + 4 * 4
