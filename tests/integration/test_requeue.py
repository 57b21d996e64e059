"""What is left to do is found again, whoever left it, and nobody's work is touched."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.support.ledger_steps import (
    FILE,
    all_due,
    claimed,
    completed,
    events,
    failed,
    released,
    states,
)

from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import ClaimLostError, DatabaseUnavailableError, ErrorKind
from ingestor.model.source_file import Store

DAY = datetime(2026, 11, 22, tzinfo=UTC)

OTHER = replace(FILE, key="other.json.gz", uploaded_at=FILE.uploaded_at and FILE.uploaded_at.replace(hour=1))


def requeue(
    database: Database,
    *,
    limit: int = 100,
    max_attempts: int = 5,
    buckets: frozenset[str] = frozenset({"logs"}),
) -> ledger.RequeuedPage:
    with database.transaction() as connection:
        return ledger.requeue_due(connection, limit=limit, max_attempts=max_attempts, buckets=buckets)


def test_an_empty_ledger_has_nothing_due(database: Database) -> None:
    assert requeue(database) == ledger.RequeuedPage([], 0)


@pytest.mark.parametrize("leave", [failed, claimed, released])
def test_failed_stuck_and_never_continued_files_are_due_and_no_sooner(
    database: Database, leave: Callable[[Database], object]
) -> None:
    leave(database)
    assert requeue(database).files == []
    all_due(database)
    assert requeue(database).files == [FILE]
    assert states(database) == {FILE.key: "PENDING"}
    assert events(database)[-1] == "re-queued"


def test_a_file_whose_message_probably_still_waits_is_not_sent_every_tick(database: Database) -> None:
    failed(database)
    all_due(database)
    assert requeue(database).seen == 1
    assert requeue(database).seen == 0


def test_completed_and_permanently_failed_files_are_never_due(database: Database) -> None:
    completed(database)
    failed(database, OTHER, ErrorKind.PERMANENT)
    all_due(database)
    assert requeue(database).seen == 0


def test_a_completed_file_for_which_a_newer_version_waits_is_sent_and_stays_completed(
    database: Database,
) -> None:
    completed(database)
    with database.transaction() as connection:
        connection.execute("UPDATE processed_files SET next_etag = 'e2', next_attempt_at = clock_timestamp()")
    assert requeue(database).files == [FILE]
    assert states(database) == {FILE.key: "COMPLETED"}


def test_files_come_oldest_first_in_pages(database: Database) -> None:
    failed(database, OTHER)
    failed(database, FILE)
    all_due(database)
    assert requeue(database, limit=1).seen == 1
    assert requeue(database, limit=5).seen == 1
    all_due(database)
    assert requeue(database).files == [FILE, OTHER]


def test_local_files_and_foreign_buckets_are_left_alone(database: Database) -> None:
    failed(database, replace(FILE, bucket="file", store=Store.FILE))
    failed(database, replace(FILE, bucket="theirs"))
    all_due(database)
    assert requeue(database).seen == 0
    assert [file.bucket for file in requeue(database, buckets=frozenset()).files] == ["theirs"]


def test_a_file_that_killed_its_workers_ends_failed_for_good(database: Database) -> None:
    for _ in range(2):
        claimed(database)
        all_due(database)
    assert requeue(database, max_attempts=2) == ledger.RequeuedPage([], worn_out=1)
    with database.transaction() as connection:
        row = connection.execute("SELECT status, error_kind, error FROM processed_files").fetchone()
    assert row is not None
    assert row[:2] == ("FAILED", "permanent")
    assert "worn out: 2 workers died at entry 0" in row[2]


def worn_out_by_sweep(database: Database) -> None:
    assert requeue(database, max_attempts=2).worn_out == 1


def worn_out_by_claim(database: Database) -> None:
    with database.transaction() as connection:
        answer = ledger.claim(connection, FILE, lease_seconds=60, max_attempts=2, skip_newer=True)
    assert isinstance(answer, ledger.FailedPermanently)


@pytest.mark.parametrize("wear_out", [worn_out_by_sweep, worn_out_by_claim])
def test_whoever_finds_a_file_worn_out_it_ends_the_same_way(
    database: Database, wear_out: Callable[[Database], None]
) -> None:
    claimed(database)
    all_due(database)
    last = claimed(database)
    all_due(database)
    wear_out(database)
    with database.transaction() as connection:
        record = ledger.find_file(connection, FILE.bucket, FILE.key)
    assert record is not None
    assert (record.status, record.error_kind, record.due_at) == ("FAILED", "permanent", None)
    assert (record.error or "").startswith("worn out: 2 workers died at entry 0")
    assert record.failing_since is not None
    assert record.version == last.version + 1, "a worker that was only slow is fenced out"
    assert events(database)[-1] == "failed"


def test_a_worn_out_file_is_given_one_more_try_when_another_version_of_its_object_waits(
    database: Database,
) -> None:
    newer = replace(FILE, etag="e2")
    for _ in range(2):
        claimed(database)
        all_due(database)
    with database.transaction() as connection:
        ledger.announce_version(connection, newer, skip_newer=True)
    assert requeue(database, max_attempts=2) == ledger.RequeuedPage([FILE], worn_out=0)
    with database.transaction() as connection:
        answer = ledger.claim(connection, FILE, lease_seconds=60, max_attempts=2, skip_newer=True)
        assert isinstance(answer, ledger.AnotherVersion)
        assert ledger.claim_for_replacement(connection, answer, newer, lease_seconds=60)
    all_due(database)
    assert requeue(database, max_attempts=2) == ledger.RequeuedPage([], worn_out=1)


def test_re_queuing_spends_no_attempt_and_forgets_none(database: Database) -> None:
    claimed(database)
    for _ in range(3):
        all_due(database)
        assert requeue(database, max_attempts=2).seen == 1
    claimed(database)
    all_due(database)
    assert requeue(database, max_attempts=2).worn_out == 1


def test_a_worker_that_wakes_after_its_file_was_re_queued_changes_nothing(database: Database) -> None:
    claim = claimed(database)
    all_due(database)
    requeue(database)
    with pytest.raises(ClaimLostError), database.transaction() as connection:
        ledger.fail(connection, claim, ErrorKind.PERMANENT, "too late")
    assert states(database) == {FILE.key: "PENDING"}


def test_two_sweepers_at_once_never_take_the_same_file(new_database: Callable[[], Database]) -> None:
    first, second = new_database(), new_database()
    for number in range(10):
        failed(first, replace(FILE, key=f"{number}"))
    all_due(first)
    with first.transaction() as connection:
        mine = ledger.requeue_due(connection, limit=4, max_attempts=5, buckets={"logs"}).files
        theirs = requeue(second).files
    assert len(mine) == 4
    assert len(theirs) == 6
    assert not {file.key for file in mine} & {file.key for file in theirs}


def test_a_completion_on_its_way_is_passed_over_and_then_not_due(
    new_database: Callable[[], Database],
) -> None:
    worker, sweeper = new_database(), new_database()
    claim = claimed(worker)
    all_due(worker)  # the worker is late, but nobody took the file over
    with worker.transaction() as connection:
        ledger.complete(connection, claim, ledger.Progress(1, 0, 9, None, None), skip_newer=True)
        assert requeue(sweeper).seen == 0
    assert requeue(sweeper).seen == 0
    assert states(sweeper) == {FILE.key: "COMPLETED"}


def test_a_completion_that_comes_after_the_sweep_is_refused(new_database: Callable[[], Database]) -> None:
    worker, sweeper = new_database(), new_database()
    claim = claimed(worker)
    all_due(worker)
    assert requeue(sweeper).seen == 1
    with pytest.raises(ClaimLostError), worker.transaction() as connection:
        ledger.complete(connection, claim, ledger.Progress(1, 0, 9, None, None), skip_newer=True)


def test_a_worker_stopped_inside_its_transaction_is_ended_and_its_file_found(
    new_database: Callable[[], Database],
) -> None:
    stopped, sweeper = new_database(), new_database()
    claim = claimed(stopped)
    all_due(stopped)
    unfinished = stopped.transaction()
    connection = unfinished.__enter__()
    ledger.lock_file(connection, claim)
    ledger.advance(connection, claim, ledger.Progress(1, 0, 9, None, None), lease_seconds=60)
    assert requeue(sweeper).seen == 0
    with sweeper.transaction() as other:
        assert ledger.evict_expired_workers(other) == 1
    with pytest.raises(DatabaseUnavailableError):
        unfinished.__exit__(None, None, None)
    assert requeue(sweeper).files == [FILE]


def test_what_can_be_claimed_is_paged_the_oldest_upload_first(database: Database) -> None:
    """Those whose upload has no known time come before all others; of the same time, in the order they were entered."""
    uploaded = [DAY.replace(hour=hour) for hour in (9, 3, 3, 7)]
    for number, moment in enumerate([*uploaded, None]):
        released(database, replace(FILE, key=f"p/{number}", uploaded_at=moment))
    released(database, replace(FILE, key="q/1"))
    released(database, replace(FILE, bucket="other", key="p/1"))
    failed(database, replace(FILE, key="p/not due"))
    completed(database, replace(FILE, key="p/done"))
    keys: list[str] = []
    last: ledger.DueFile | None = None
    while True:
        with database.transaction() as connection:
            page = ledger.due_files(connection, limit=2, bucket="logs", prefix="p/", after=last)
        if not page:
            break
        last = page[-1]
        keys += [due.file.key for due in page]
    assert keys == ["p/4", "p/1", "p/2", "p/3", "p/0"]
