"""Another version of a file, and workers that are stopped: each against a real PostgreSQL and a second connection."""

from dataclasses import replace

import psycopg
import pytest
from tests.support.connections import Connect
from tests.support.ledger_moves import CHUNK, advance, ask, complete, expire_lease, fail, row
from tests.support.ledger_steps import FILE, claimed, events

from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import ClaimLostError, ErrorKind


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
            taking = ledger.claim_for_replacement(connection, answer, self.NEWER, lease_seconds=60)
        assert taking is not None
        with database.transaction() as connection:
            taken = ledger.adopt_version(
                connection, taking, current=self.NEWER, unloaded_rows=3, lease_seconds=60
            )
        assert (taken.file.etag, taken.checkpoint, taken.rows_loaded) == ("e2", 0, 0)
        assert row(database, "status, error, next_etag") == ("PROCESSING", None, None)

    NEWEST = replace(FILE, etag="e3", version_id="v3")

    def taking(self, database: Database) -> ledger.Claim:
        """The old version completed, and the newer one about to replace it."""
        complete(database, claimed(database))
        answer = ask(database, self.NEWER, skip_newer=False)
        assert isinstance(answer, ledger.AnotherVersion)
        with database.transaction() as connection:
            claim = ledger.claim_for_replacement(connection, answer, self.NEWER, lease_seconds=60)
        assert claim is not None
        return claim

    @pytest.mark.parametrize(
        ("announced", "waits"), [("e1", "e1"), ("e2", None), ("e3", "e3")], ids=["old", "same", "newest"]
    )
    def test_announced_while_another_is_being_taken_is_not_forgotten(
        self, database: Database, announced: str, waits: str | None
    ) -> None:
        """The old one too: it may have been uploaded once more. Only the one that is taken is no news."""
        claim = self.taking(database)
        said = ask(database, replace(FILE, etag=announced), skip_newer=False)
        assert said == ledger.HeldByWorker(claim.file_id)
        with database.transaction() as connection:
            ledger.adopt_version(connection, claim, current=self.NEWER, unloaded_rows=3, lease_seconds=60)
        assert row(database, "etag, next_etag") == ("e2", waits)

    def test_announced_after_the_key_was_looked_at_is_not_forgotten(self, database: Database) -> None:
        complete(database, claimed(database))
        for _ in range(2):
            with database.transaction() as connection:
                assert ledger.announce_version(connection, self.NEWER, skip_newer=False)
        answer = ask(database, skip_newer=False)
        assert isinstance(answer, ledger.AnotherVersion)
        looked = {"file_id": answer.file_id, "version": answer.version}
        with database.transaction() as connection:
            ledger.forget_announced_version(connection, **looked, announcements=answer.announcements - 1)
        assert row(database, "next_etag") == ("e2",)
        with database.transaction() as connection:
            assert (
                ledger.claim_for_replacement(
                    connection,
                    replace(answer, announcements=answer.announcements - 1),
                    self.NEWER,
                    lease_seconds=60,
                )
                is None
            )
            ledger.forget_announced_version(connection, **looked, announcements=answer.announcements)
        assert row(database, "status, next_etag, next_attempt_at") == ("COMPLETED", None, None)

    def test_that_turns_out_stale_after_its_taker_died_leaves_the_file_completed(
        self, database: Database
    ) -> None:
        self.taking(database)
        expire_lease(database)
        answer = ask(database, self.NEWER, skip_newer=False)
        assert isinstance(answer, ledger.AnotherVersion)
        with database.transaction() as connection:
            ledger.forget_announced_version(
                connection,
                file_id=answer.file_id,
                version=answer.version,
                announcements=answer.announcements,
            )
        assert row(database, "status, etag, rows_loaded, lease_expires_at, next_attempt_at, attempts") == (
            "COMPLETED", "e1", 3, None, None, 0,
        )  # fmt: skip
        assert events(database)[-1] == "completed"

    def test_that_waits_when_overwrites_are_skipped_by_now_is_skipped(self, database: Database) -> None:
        claim = claimed(database)
        ask(database, self.NEWER, skip_newer=False)
        assert complete(database, claim, skip_newer=False) is True
        assert ask(database, FILE) == ledger.AlreadyCompleted(claim.file_id, newer_skipped=True)
        assert row(database, "status, next_etag, next_attempt_at") == ("COMPLETED", None, None)
        assert events(database)[-1] == "newer version skipped"

    def test_cannot_be_taken_from_under_a_live_worker(self, database: Database) -> None:
        claim = claimed(database)
        free = ledger.AnotherVersion(claim.file_id, claim.version, claim.announcements, FILE)
        with database.transaction() as connection:
            taking = ledger.claim_for_replacement(connection, free, self.NEWER, lease_seconds=60)
        assert taking is None


def test_a_valid_claimant_ends_the_backend_that_still_holds_the_files_lock(
    database: Database, connect: Connect
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


def test_a_stale_worker_never_ends_the_valid_ones_backend(database: Database, connect: Connect) -> None:
    stale = claimed(database)
    expire_lease(database)
    valid = claimed(database)
    holder = connect()
    ledger.lock_file(holder, valid)
    with database.transaction() as connection, pytest.raises(ClaimLostError):
        ledger.lock_file(connection, stale)
    assert holder.execute("SELECT 1").fetchone() == (1,)


def test_an_expired_worker_stopped_between_fence_and_commit_is_evicted(
    database: Database, connect: Connect
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
