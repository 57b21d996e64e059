"""What a person may do to a file, and when it is too late."""

from dataclasses import replace

from tests.support.ledger_steps import FILE, claimed, completed, events, failed, states

from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import ErrorKind


def file_id(database: Database) -> int:
    with database.transaction() as connection:
        record = ledger.find_file(connection, FILE.bucket, FILE.key)
    assert record is not None
    return record.id


def reopen(database: Database, *, accept_rejects: bool = False) -> object:
    with database.transaction() as connection:
        return ledger.reopen(connection, file_id(database), accept_rejects=accept_rejects)


def test_a_permanent_failure_is_reopened_once_and_can_be_claimed(database: Database) -> None:
    failed(database, kind=ErrorKind.PERMANENT)
    assert reopen(database, accept_rejects=True) == FILE
    assert reopen(database) is None
    assert claimed(database).accept_rejects
    assert events(database) == ["claimed", "failed", "reopened", "claimed"]


def test_what_is_loaded_or_being_loaded_is_not_reopened(database: Database) -> None:
    claimed(database)
    assert reopen(database) is None
    assert states(database) == {FILE.key: "PROCESSING"}


def test_a_file_that_starts_over_is_pending_from_its_first_byte(database: Database) -> None:
    completed(database)
    with database.transaction() as connection:
        assert ledger.start_over(connection, file_id(database)) == FILE
        ledger.record_unloaded(connection, file_id(database), 1)
    claim = claimed(database)
    assert (claim.checkpoint, claim.checkpoint_offset, claim.rows_loaded) == (0, 0, 0)
    assert events(database) == ["claimed", "completed", "unloaded", "claimed"]


def test_a_file_that_a_worker_has_does_not_start_over(database: Database) -> None:
    claimed(database)
    with database.transaction() as connection:
        assert ledger.start_over(connection, file_id(database)) is None


def test_an_ignored_failure_needs_nobody_until_it_is_retried(database: Database) -> None:
    failed(database, kind=ErrorKind.PERMANENT)
    with database.transaction() as connection:
        assert ledger.ignore(connection, file_id(database), "a test upload\0")
        assert ledger.failed_files(connection) == []
    reopen(database)
    with database.transaction() as connection:
        record = ledger.find_file(connection, FILE.bucket, FILE.key)
    assert record is not None
    assert record.ignored_at is None


def test_only_a_permanent_failure_can_be_ignored(database: Database) -> None:
    failed(database)
    with database.transaction() as connection:
        assert not ledger.ignore(connection, file_id(database), "no")


def test_failures_are_found_by_key_or_error_whatever_the_case(database: Database) -> None:
    failed(database, replace(FILE, key="A/one"))
    failed(database, replace(FILE, key="b/two"), ErrorKind.PERMANENT)
    with database.transaction() as connection:
        assert [each.s3_key for each in ledger.failed_files(connection, matching="a/ONE")] == ["A/one"]
        assert len(ledger.failed_files(connection, matching="s3 SAID")) == 2
        assert [each.s3_key for each in ledger.failed_files(connection, kind="permanent")] == ["b/two"]
        assert ledger.failed_files(connection, matching="%") == []


def test_failures_in_a_row_tell_since_when(database: Database) -> None:
    failed(database)
    with database.transaction() as connection:
        first = ledger.find_file(connection, FILE.bucket, FILE.key)
    failed(database)
    with database.transaction() as connection:
        second = ledger.find_file(connection, FILE.bucket, FILE.key)
    assert first is not None
    assert second is not None
    assert first.failing_since is not None
    assert second.failing_since == first.failing_since
    completed(database)
    with database.transaction() as connection:
        done = ledger.find_file(connection, FILE.bucket, FILE.key)
    assert done is not None
    assert done.failing_since is None
