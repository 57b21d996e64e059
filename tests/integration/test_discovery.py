"""Objects without a notification are found by listing, once, and sent oldest first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.discovering import LONG_AGO, NOW, aged, hours, loaded, reconciled, with_objects
from tests.support.ledger_steps import completed, events, failed, states
from tests.support.sweeping import Place

from ingestor import ledger
from ingestor.deadline import UNLIMITED
from ingestor.errors import ErrorKind
from ingestor.model.source_file import SourceFile
from ingestor.sweep.discovery import Discovery, discover_objects


def test_empty_state(place: Place) -> None:
    """Nothing is loaded yet: everything since START_FROM is found, and sent oldest first."""
    tools = with_objects(place, a=hours(1), b=hours(30), c=hours(2))
    done = discover_objects(tools, UNLIMITED)
    assert (done.registered, done.sent, done.is_complete) == (3, 3, True)
    assert done.list_requests == 4  # two pages, by each of the two listings
    assert place.sent_keys() == ["b", "c", "a"]
    assert states(tools.database) == {"a": "PENDING", "b": "PENDING", "c": "PENDING"}
    assert events(tools.database) == ["discovered"] * 3
    again = discover_objects(tools, UNLIMITED)
    assert (again.registered, again.sent) == (0, 0)
    assert place.sent() == []


def test_new_records(place: Place) -> None:
    """Some are loaded: what is newer than the newest log is found; what is older by more than the margin is not."""
    tools = with_objects(place, before=hours(9), loaded=hours(5), margin=hours(5.5), after=hours(2))
    loaded(place, "loaded", uploaded=NOW - hours(5))
    reconciled(tools)
    discover_objects(tools, UNLIMITED)
    assert place.sent_keys() == ["margin", "after"]


def test_an_empty_bucket_is_looked_at_with_one_request_a_listing(place: Place) -> None:
    assert discover_objects(place.tools, UNLIMITED) == Discovery(list_requests=2)


def test_without_buckets_nothing_is_listed(place: Place) -> None:
    settings = place.tools.settings.model_copy(update={"buckets": ()})
    assert discover_objects(replace(place.tools, settings=settings), UNLIMITED) == Discovery()


def test_objects_younger_than_the_grace_wait_for_their_notification(place: Place) -> None:
    tools = with_objects(place, young=timedelta(0), ripe=timedelta(minutes=16))
    assert discover_objects(tools, UNLIMITED).sent == 1
    assert place.sent_keys() == ["ripe"]


def test_an_old_bucket_is_not_loaded_unasked(place: Place) -> None:
    tools = with_objects(place, old=hours(900), older=hours(9_000))
    unset = tools.settings.model_copy(update={"start_from": None})
    assert discover_objects(replace(tools, settings=unset), UNLIMITED).sent == 0


def test_start_from_keeps_older_objects_out_whatever_is_loaded(place: Place) -> None:
    tools = with_objects(place, a=hours(50), b=hours(20))
    since = tools.settings.model_copy(update={"start_from": NOW - hours(30)})
    discover_objects(replace(tools, settings=since), UNLIMITED)
    assert place.sent_keys() == ["b"]


@pytest.mark.parametrize("uploaded", [NOW - hours(5), datetime(2099, 1, 1, tzinfo=UTC)])
def test_neither_an_entry_of_the_year_9999_nor_a_notification_of_2099_blinds(
    place: Place, uploaded: datetime
) -> None:
    tools = with_objects(place, odd=hours(5), new=hours(1))
    loaded(place, "odd", uploaded=uploaded, last_log_at=datetime(9999, 12, 31, tzinfo=UTC))
    reconciled(tools)
    discover_objects(tools, UNLIMITED)
    assert place.sent_keys() == ["new"]


def test_an_object_that_s3_dates_far_ahead_is_found_today(place: Place) -> None:
    """Its age says nothing then, so no notification is waited for."""
    tools = with_objects(place, ahead=hours(-24 * 365), young=hours(-1))
    discover_objects(tools, UNLIMITED)
    assert place.sent_keys() == ["ahead"]


def test_uploaded_right_after_the_migration_it_is_found_though_the_databases_clock_is_an_hour_ahead(
    place: Place,
) -> None:
    with place.tools.database.transaction() as connection:
        created_at = ledger.schema_created_at(connection)
    uploaded = (created_at - hours(1)).replace(microsecond=0)  # S3 tells whole seconds
    tools = with_objects(place, lost=NOW - uploaded, old=hours(24))
    unset = tools.settings.model_copy(update={"start_from": None})
    discover_objects(replace(tools, settings=unset), UNLIMITED)
    assert place.sent_keys() == ["lost"]


def test_another_prefix_is_listed_from_the_start(place: Place) -> None:
    """What is loaded below the one says nothing of what lies below the other."""
    tools = with_objects(place, **{"a/loaded": hours(1), "b/lost": hours(9)})
    loaded(place, "a/loaded", uploaded=NOW - hours(1))
    for prefix in ("a/", ""):
        settings = tools.settings.model_copy(update={"prefix": prefix, "reconcile_hours": 24})
        discover_objects(replace(tools, settings=settings), UNLIMITED)
    assert place.sent_keys() == ["b/lost"]


def test_a_start_from_that_reaches_further_back_is_heard_at_once(place: Place) -> None:
    tools = with_objects(place, old=hours(50))
    recently = tools.settings.model_copy(update={"start_from": NOW - hours(5)})
    assert discover_objects(replace(tools, settings=recently), UNLIMITED).sent == 0
    assert discover_objects(tools, UNLIMITED).sent == 1


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
    aged(tools, "12 hours", "reconcile")
    discover_objects(tools, UNLIMITED)
    assert place.sent_keys() == ["lost"]


def test_folder_markers_empty_objects_and_other_prefixes_are_left_out(place: Place) -> None:
    tools = with_objects(place, **{"logs/app": hours(1), "other/app": hours(1)})
    for key in ("logs/", "logs/empty"):
        place.upload(key, b"")
    prefixed = tools.settings.model_copy(update={"prefix": "logs/"})
    discover_objects(replace(tools, settings=prefixed), UNLIMITED)
    assert place.sent_keys() == ["logs/app"]


def test_the_full_listing_finds_what_the_recent_one_can_not(place: Place) -> None:
    """Older than the newest log, as after a copy that kept its time, or a notification lost long ago."""
    tools = with_objects(place, forgotten=hours(90), loaded=hours(5))
    loaded(place, "loaded", uploaded=NOW - hours(5))
    reconciled(tools)
    assert discover_objects(tools, UNLIMITED).sent == 0
    aged(tools, "23 hours", "reconcile")
    assert discover_objects(tools, UNLIMITED).sent == 0
    aged(tools, "2 hours", "reconcile")
    assert discover_objects(tools, UNLIMITED).sent == 1
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
    done = discover_objects(replace(tools, settings=settings), UNLIMITED)
    assert (done.registered, done.sent) == (0, len(expected))
    assert sorted(place.sent_keys()) == expected


def test_a_failed_object_uploaded_once_more_is_found_though_its_bytes_are_the_same(place: Place) -> None:
    tools = with_objects(place, again=hours(1), once=hours(3))
    for key in ("again", "once"):
        current = tools.objects.current(SourceFile(place.bucket, key))
        assert current is not None
        failed(tools.database, replace(current, uploaded_at=NOW - hours(3)), ErrorKind.PERMANENT)
    assert discover_objects(tools, UNLIMITED).sent == 1
    assert place.sent_keys() == ["again"]
    assert states(tools.database) == {"again": "PENDING", "once": "FAILED"}
