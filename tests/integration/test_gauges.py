"""The numbers after a tick, and that an empty service has them as well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.ledger_steps import FILE, all_due, claimed, completed, failed, released
from tests.support.sweeping import Place

from ingestor import ledger
from ingestor.database import Database
from ingestor.deadline import UNLIMITED
from ingestor.errors import ErrorKind
from ingestor.model.source_file import Store
from ingestor.sweep.gauges import Gauges, read_gauges


def gauges(database: Database) -> ledger.LedgerGauges:
    with database.transaction() as connection:
        return ledger.read_ledger_gauges(connection)


def test_an_empty_ledger_is_complete_up_to_now(database: Database) -> None:
    read = gauges(database)
    assert (read.pending, read.processing, read.failing, read.stuck, read.failed_for_good) == (0, 0, 0, 0, 0)
    assert (read.oldest_unfinished_seconds, read.oldest_failure_seconds) == (0, 0)
    assert read.lag_median_seconds is None
    assert abs((datetime.now(UTC) - read.complete_up_to).total_seconds()) < 60


def test_each_state_is_counted_and_local_files_are_not(database: Database) -> None:
    released(database, replace(FILE, key="pending"))
    claimed(database, replace(FILE, key="held"))
    failed(database, replace(FILE, key="failing"))
    failed(database, replace(FILE, key="bad"), ErrorKind.PERMANENT)
    completed(database, replace(FILE, key="done"))
    failed(database, replace(FILE, bucket="file", key="/local", store=Store.FILE))
    read = gauges(database)
    assert (read.pending, read.processing, read.failing, read.stuck, read.failed_for_good) == (1, 1, 1, 0, 1)
    all_due(database)
    assert gauges(database).stuck == 1


def test_the_logs_are_complete_up_to_the_oldest_unfinished_upload(database: Database) -> None:
    old = datetime.now(UTC) - timedelta(hours=2)
    released(database, replace(FILE, key="old", uploaded_at=old))
    released(database, replace(FILE, key="new", uploaded_at=datetime.now(UTC)))
    read = gauges(database)
    assert read.complete_up_to == old
    assert read.oldest_unfinished_seconds == pytest.approx(7200, abs=60)


def test_a_failure_grows_old_until_a_chunk_is_loaded(database: Database) -> None:
    failed(database)
    with database.transaction() as connection:
        connection.execute("UPDATE processed_files SET failing_since = failing_since - interval '1 hour'")
    failed(database)
    assert gauges(database).oldest_failure_seconds == pytest.approx(3600, abs=60)
    completed(database)
    assert gauges(database).oldest_failure_seconds == 0


def test_the_lag_runs_from_upload_to_commit(database: Database) -> None:
    completed(database, replace(FILE, uploaded_at=datetime.now(UTC) - timedelta(seconds=90)))
    assert gauges(database).lag_median_seconds == pytest.approx(90, abs=30)


def test_an_ignored_failure_is_not_counted(database: Database) -> None:
    failed(database, kind=ErrorKind.PERMANENT)
    with database.transaction() as connection:
        record = ledger.find_file(connection, FILE.bucket, FILE.key)
        assert record is not None
        ledger.ignore(connection, record.id, "known")
    assert gauges(database).failed_for_good == 0


def test_dead_letters_are_counted_where_there_is_a_queue_for_them(place: Place) -> None:
    place.sqs.send_message(QueueUrl=place.dlq_url, MessageBody="?")
    read = read_gauges(place.tools, UNLIMITED)
    assert isinstance(read, Gauges)
    assert read.dead_letters == 1
    assert read_gauges(replace(place.tools, dead_letters=None), UNLIMITED).dead_letters is None
