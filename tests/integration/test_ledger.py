"""The ledger's transitions, each against a real PostgreSQL, the second party on a connection of its own."""

import pytest
from tests.support.ledger_moves import CHUNK, advance, ask, complete, expire_lease, fail, row
from tests.support.ledger_steps import FILE, claimed, events

from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import ClaimLostError, ErrorKind


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
