"""Objects without a notification are entered once, and the newest log is known whatever the entries claim."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.support.ledger_steps import FILE, all_due, claimed, completed, events, failed, states

from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import ErrorKind
from ingestor.ledger import registration

DAY = datetime(2026, 11, 23, tzinfo=UTC)


def register(database: Database, *keys: str) -> list[str]:
    with database.transaction() as connection:
        return [file.key for file in ledger.register(connection, [replace(FILE, key=key) for key in keys])]


def newest(database: Database, prefix: str = "") -> datetime | None:
    with database.transaction() as connection:
        return ledger.newest_log_time(connection, "logs", prefix)


def test_unknown_files_are_entered_once_and_told_in_their_order(database: Database) -> None:
    claimed(database, replace(FILE, key="known"))
    assert register(database, "b", "known", "a", "b") == ["b", "a"]
    assert register(database, "a", "b") == []
    assert states(database) == {"known": "PROCESSING", "a": "PENDING", "b": "PENDING"}
    assert events(database) == ["claimed", "discovered", "discovered"]


def test_a_registered_file_that_was_never_sent_is_due_later(database: Database) -> None:
    register(database, "a")
    with database.transaction() as connection:
        assert ledger.requeue_due(connection, limit=9, max_attempts=5, buckets=()).seen == 0
    all_due(database)
    with database.transaction() as connection:
        assert ledger.requeue_due(connection, limit=9, max_attempts=5, buckets=()).seen == 1


def test_two_that_register_the_same_files_in_other_orders_share_them(
    new_database: Callable[[], Database],
) -> None:
    keys = [f"{number:03}" for number in range(200)]
    got: list[list[str]] = []
    barrier = threading.Barrier(2)

    def run(order: list[str]) -> None:
        database = new_database()
        barrier.wait(timeout=10)
        got.append(register(database, *order))

    threads = [threading.Thread(target=run, args=(order,)) for order in (keys, keys[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(got[0] + got[1]) == keys


def test_known_files_tell_state_and_version(database: Database) -> None:
    completed(database, replace(FILE, key="done"))
    failed(database, replace(FILE, key="bad"), ErrorKind.PERMANENT)
    with database.transaction() as connection:
        known = ledger.known_files(connection, "logs", ["done", "bad", "new"])
    assert {key: (each.status, each.error_kind) for key, each in known.items()} == {
        "done": ("COMPLETED", None),
        "bad": ("FAILED", "permanent"),
    }


def test_nothing_loaded_has_no_newest_log(database: Database) -> None:
    failed(database)
    assert newest(database) is None


def test_one_entry_of_the_year_9999_blinds_nothing(database: Database) -> None:
    completed(database, replace(FILE, uploaded_at=DAY), last_log_at=datetime(9999, 1, 1, tzinfo=UTC))
    assert newest(database) == DAY


def test_the_newest_log_is_that_of_the_prefix_and_bucket(database: Database) -> None:
    for hour, key in enumerate(("a/1", "a/2", "b/1")):
        moment = DAY.replace(hour=hour)
        completed(database, replace(FILE, key=key, uploaded_at=DAY.replace(hour=20)), last_log_at=moment)
    completed(database, replace(FILE, bucket="other"), last_log_at=DAY)
    assert newest(database) == DAY.replace(hour=2)
    assert newest(database, "a/") == DAY.replace(hour=1)
    assert newest(database, "c/") is None


def test_among_many_files_of_other_prefixes_the_last_one_looked_at_bounds_the_newest_log(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "_LOOKED_AT", 3)
    for hour in range(5):
        moment = DAY.replace(hour=hour)
        completed(database, replace(FILE, key=f"busy/{hour}", uploaded_at=moment), last_log_at=moment)
    completed(database, replace(FILE, key="quiet/1", uploaded_at=DAY), last_log_at=DAY)
    assert newest(database, "quiet/") == DAY.replace(hour=2)
    assert newest(database, "busy/") == DAY.replace(hour=4)


def test_a_listing_goes_on_where_it_stopped_and_can_begin_anew(database: Database) -> None:
    with database.transaction() as connection:
        assert ledger.read_listing(connection, "logs", "", ledger.Purpose.RECENT) is None
        ledger.begin_listing(connection, "logs", "", ledger.Purpose.RECENT, newer_than=DAY)
        listing = ledger.read_listing(connection, "logs", "", ledger.Purpose.RECENT)
        assert listing is not None
        ledger.move_listing(connection, listing, cursor="k", objects=5, registered=2, is_finished=False)
        ledger.move_listing(connection, listing, cursor=None, objects=5, registered=1, is_finished=True)
        ended = ledger.read_listing(connection, "logs", "", ledger.Purpose.RECENT)
        assert ended is not None
        assert (ended.cursor, ended.objects, ended.registered) == (None, 10, 3)
        assert ended.finished_at is not None
        ledger.begin_listing(connection, "logs", "", ledger.Purpose.RECENT, newer_than=None)
        anew = ledger.read_listing(connection, "logs", "", ledger.Purpose.RECENT)
    assert anew is not None
    assert (anew.objects, anew.finished_at, anew.newer_than) == (0, None, None)
