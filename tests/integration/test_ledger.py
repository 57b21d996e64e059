"""The ledger's transitions, each against a real PostgreSQL, the second party on a connection of its own."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import ClaimLostError, ErrorKind
from ingestor.source_file import SourceFile

FILE = SourceFile(
    bucket="logs",
    key="2026/11/23/app.json.gz",
    etag="e1",
    size_bytes=10,
    event_time=datetime(2026, 11, 23, tzinfo=UTC),
)
NOTHING = ledger.Progress(rows=0, rejected=0, end_offset=0, first_log_at=None, last_log_at=None)
CHUNK = ledger.Progress(rows=3, rejected=1, end_offset=400, first_log_at=None, last_log_at=None)


def ask(
    database: Database,
    file: SourceFile = FILE,
    *,
    lease_seconds: float = 60,
    max_attempts: int = 5,
    skip_newer: bool = True,
) -> ledger.ClaimAnswer:
    with database.transaction() as connection:
        return ledger.claim(
            connection, file, lease_seconds=lease_seconds, max_attempts=max_attempts, skip_newer=skip_newer
        )


def claimed(database: Database, file: SourceFile = FILE, *, lease_seconds: float = 60) -> ledger.Claim:
    answer = ask(database, file, lease_seconds=lease_seconds)
    assert isinstance(answer, ledger.Claim)
    return answer


def expire_lease(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(
            "UPDATE processed_files SET lease_expires_at = clock_timestamp() - interval '1 second'"
        )


def row(database: Database, columns: str) -> tuple[object, ...]:
    with database.transaction() as connection:
        found = connection.execute(f"SELECT {columns} FROM processed_files").fetchone()  # noqa: S608 - the test's own words
    assert found is not None
    return found


def events(database: Database) -> list[str]:
    with database.transaction() as connection:
        return [event for (event,) in connection.execute("SELECT event FROM file_events ORDER BY id")]


def complete(database: Database, claim: ledger.Claim, *, skip_newer: bool = True) -> bool:
    with database.transaction() as connection:
        return ledger.complete(connection, claim, CHUNK, skip_newer=skip_newer).newer_waits


def fail(database: Database, claim: ledger.Claim, kind: ErrorKind = ErrorKind.TRANSIENT) -> ledger.Ending:
    with database.transaction() as connection:
        return ledger.fail(connection, claim, kind, "S3 said no")


def advance(database: Database, claim: ledger.Claim, progress: ledger.Progress = CHUNK) -> ledger.Claim:
    with database.transaction() as connection:
        ledger.advance(connection, claim, progress, lease_seconds=60)
    return ledger.moved(claim, progress)


def test_the_first_claim_of_an_unknown_object_creates_its_row(database: Database) -> None:
    claim = claimed(database)
    assert (claim.version, claim.checkpoint, claim.file) == (1, 0, FILE)
    assert row(database, "status, attempts, etag, size_bytes") == ("PROCESSING", 1, "e1", 10)
    assert events(database) == ["claimed"]


def test_a_held_file_is_not_claimed_again(database: Database) -> None:
    claim = claimed(database)
    assert ask(database) == ledger.HeldByWorker(claim.file_id)


def test_an_expired_lease_is_taken_over_with_a_higher_version_and_the_same_checkpoint(
    database: Database,
) -> None:
    first = advance(database, claimed(database))
    expire_lease(database)
    second = claimed(database)
    assert second.version == first.version + 1
    assert (second.checkpoint, second.checkpoint_offset) == (4, 400)
    assert events(database) == ["claimed", "checkpoint", "taken over"]


def test_a_completed_file_is_acknowledged_without_a_claim(database: Database) -> None:
    claim = claimed(database)
    complete(database, claim)
    assert ask(database) == ledger.AlreadyCompleted(claim.file_id)
    assert row(database, "lease_expires_at, next_attempt_at, checkpoint") == (None, None, 4)


def test_a_transient_failure_is_due_again_after_a_growing_backoff(database: Database) -> None:
    delays = []
    for _ in range(3):
        delay = fail(database, claimed(database)).due_in_seconds
        assert delay is not None
        delays.append(delay)
    assert 7 < delays[0] <= 15 < delays[2] <= 60
    assert row(database, "failures, attempts, status, error_kind") == (3, 0, "FAILED", "transient")


def test_the_backoff_is_capped_at_an_hour(database: Database) -> None:
    claimed(database)
    with database.transaction() as connection:
        connection.execute("UPDATE processed_files SET failures = 1000000")
    expire_lease(database)
    delay = fail(database, claimed(database)).due_in_seconds
    assert delay is not None
    assert delay <= 3600


def test_a_permanent_failure_is_refused_until_somebody_reopens_it(database: Database) -> None:
    claim = claimed(database)
    assert fail(database, claim, ErrorKind.PERMANENT).due_in_seconds is None
    assert ask(database) == ledger.FailedPermanently(claim.file_id, "S3 said no")


def test_a_file_that_kills_its_workers_is_worn_out_and_says_where(database: Database) -> None:
    for _ in range(3):
        assert isinstance(ask(database, max_attempts=3), ledger.Claim)
        expire_lease(database)
    answer = ask(database, max_attempts=3)
    assert isinstance(answer, ledger.FailedPermanently)
    assert answer.error.startswith("worn out: 3 workers died at entry 0")
    assert row(database, "status, error_kind, next_attempt_at") == ("FAILED", "permanent", None)


def test_a_chunk_committed_forgives_the_workers_that_died_before(database: Database) -> None:
    for _ in range(3):
        claimed(database)
        expire_lease(database)
    advance(database, claimed(database))
    assert row(database, "attempts") == (0,)


def test_an_answered_failure_does_not_count_as_a_dead_worker(database: Database) -> None:
    for _ in range(20):
        fail(database, claimed(database))
    assert row(database, "attempts") == (0,)


def test_a_failure_arriving_after_completion_changes_nothing(database: Database) -> None:
    claim = claimed(database)
    complete(database, claim)
    with pytest.raises(ClaimLostError):
        fail(database, ledger.moved(claim, CHUNK))
    assert row(database, "status, error") == ("COMPLETED", None)


def test_the_same_chunk_committed_twice_is_refused(database: Database) -> None:
    claim = claimed(database)
    advance(database, claim)
    with pytest.raises(ClaimLostError):
        advance(database, claim)
    assert row(database, "checkpoint, rows_loaded, rows_rejected") == (4, 3, 1)


def test_a_worker_that_lost_its_claim_can_neither_advance_complete_fail_nor_release(
    database: Database,
) -> None:
    stale = claimed(database)
    expire_lease(database)
    claimed(database)
    with database.transaction() as connection, pytest.raises(ClaimLostError):
        ledger.release(connection, stale, progressed=True)
    for attempt in (advance, complete, fail):
        with pytest.raises(ClaimLostError):
            attempt(database, stale)
    with database.transaction() as connection, pytest.raises(ClaimLostError):
        ledger.renew(connection, stale, lease_seconds=60)
    assert row(database, "status, version, checkpoint") == ("PROCESSING", 2, 0)


def test_a_released_file_keeps_its_checkpoint_and_is_claimable_at_once(database: Database) -> None:
    claim = advance(database, claimed(database))
    with database.transaction() as connection:
        ledger.release(connection, claim, progressed=True)
    assert row(database, "status, attempts, lease_expires_at") == ("PENDING", 0, None)
    assert claimed(database).checkpoint == 4


def test_releases_without_progress_wear_a_file_out(database: Database) -> None:
    for _ in range(3):
        answer = ask(database, max_attempts=3)
        assert isinstance(answer, ledger.Claim)
        with database.transaction() as connection:
            ledger.release(connection, answer, progressed=False)
    assert isinstance(ask(database, max_attempts=3), ledger.FailedPermanently)


def test_a_renewed_lease_counts_from_now_not_from_the_transactions_start(database: Database) -> None:
    claim = claimed(database, lease_seconds=1)
    with database.transaction() as connection:
        connection.execute("SELECT pg_sleep(0.2)")
        ledger.renew(connection, claim, lease_seconds=1)
        left = connection.execute(
            "SELECT extract(epoch FROM lease_expires_at - clock_timestamp()) FROM processed_files"
        ).fetchone()
    assert left is not None
    assert left[0] > 0.9


class TestAnotherVersionOfTheObject:
    NEWER = replace(FILE, etag="e2", version_id="v2")

    def test_is_announced_while_a_worker_holds_the_file(self, database: Database) -> None:
        claim = claimed(database)
        assert ask(database, self.NEWER) == ledger.HeldByWorker(claim.file_id)
        assert row(database, "etag, next_etag, next_version_id") == ("e1", "e2", "v2")

    def test_is_skipped_when_the_key_is_completed_and_overwrites_are_skipped(
        self, database: Database
    ) -> None:
        claim = claimed(database)
        complete(database, claim)
        assert ask(database, self.NEWER) == ledger.AlreadyCompleted(claim.file_id, newer_skipped=True)

    def test_announced_before_completion_is_dropped_when_overwrites_are_skipped(
        self, database: Database
    ) -> None:
        claim = claimed(database)
        ask(database, self.NEWER)
        assert complete(database, claim, skip_newer=True) is False
        assert row(database, "status, next_etag, next_attempt_at") == ("COMPLETED", None, None)
        assert events(database)[-1] == "newer version skipped"

    def test_announced_before_completion_is_due_at_once_when_overwrites_replace(
        self, database: Database
    ) -> None:
        claim = claimed(database)
        ask(database, self.NEWER, skip_newer=False)
        assert complete(database, claim, skip_newer=False) is True
        assert row(database, "status, next_etag, next_attempt_at IS NOT NULL") == ("COMPLETED", "e2", True)

    @pytest.mark.parametrize("kind", ErrorKind)
    def test_makes_a_failed_file_pending_at_once(self, database: Database, kind: ErrorKind) -> None:
        claim = claimed(database)
        ask(database, self.NEWER)
        due = fail(database, claim, kind).due_in_seconds
        assert due is not None
        assert due <= 0.001
        assert isinstance(ask(database, self.NEWER), ledger.AnotherVersion)

    def test_takes_the_place_of_the_old_one_from_its_first_byte(self, database: Database) -> None:
        old = advance(database, claimed(database))
        fail(database, old, ErrorKind.PERMANENT)
        answer = ask(database, self.NEWER)
        assert isinstance(answer, ledger.AnotherVersion)
        with database.transaction() as connection:
            taking = ledger.claim_for_replacement(
                connection, file_id=answer.file_id, version=answer.version, current=self.NEWER
            )
        assert taking is not None
        with database.transaction() as connection:
            taken = ledger.adopt_version(connection, taking, self.NEWER, unloaded_rows=3, lease_seconds=60)
        assert (taken.file.etag, taken.checkpoint, taken.rows_loaded) == ("e2", 0, 0)
        assert row(database, "status, error, next_etag") == ("PROCESSING", None, None)

    def test_cannot_be_taken_from_under_a_live_worker(self, database: Database) -> None:
        claim = claimed(database)
        with database.transaction() as connection:
            taking = ledger.claim_for_replacement(
                connection, file_id=claim.file_id, version=claim.version, current=self.NEWER
            )
        assert taking is None


def test_a_valid_claimant_ends_the_backend_that_still_holds_the_files_lock(
    database: Database, connect: Callable[[], psycopg.Connection[tuple[object, ...]]]
) -> None:
    stalled = claimed(database)
    sleeper = connect()
    ledger.lock_file(sleeper, stalled)
    expire_lease(database)
    successor = claimed(database)
    with database.transaction(lock_timeout=5) as connection:
        ledger.lock_file(connection, successor)
    with pytest.raises(psycopg.OperationalError):
        sleeper.execute("SELECT 1")


def test_a_stale_worker_never_ends_the_valid_ones_backend(
    database: Database, connect: Callable[[], psycopg.Connection[tuple[object, ...]]]
) -> None:
    stale = claimed(database)
    expire_lease(database)
    valid = claimed(database)
    holder = connect()
    ledger.lock_file(holder, valid)
    with database.transaction() as connection, pytest.raises(ClaimLostError):
        ledger.lock_file(connection, stale)
    assert holder.execute("SELECT 1").fetchone() == (1,)


def test_an_expired_worker_stopped_between_fence_and_commit_is_evicted(
    database: Database, connect: Callable[[], psycopg.Connection[tuple[object, ...]]]
) -> None:
    claim = claimed(database, lease_seconds=0.05)
    sleeper = connect()
    ledger.lock_file(sleeper, claim)
    ledger.advance(sleeper, claim, CHUNK, lease_seconds=60)  # uncommitted: the row is locked
    with database.transaction() as connection:
        connection.execute("SELECT pg_sleep(0.1)")
        ledger.evict_expired_worker(connection, FILE)
    assert claimed(database).checkpoint == 0
    with pytest.raises(psycopg.OperationalError):
        sleeper.execute("SELECT 1")
