"""Partitions are maintained beside living workers, and whoever is in the way of one gives up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from tests.support.connections import Connect
from tests.support.ledger_steps import FILE, completed, failed
from tests.support.sweeping import Place

from ingestor.database import Database, PartitionMaintainer
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import ErrorKind, LockTimeoutError
from ingestor.sweep.context import SweepContext
from ingestor.sweep.partitions import PartitionMaintenance, maintain_partitions

NOW = datetime.now(UTC)
NOTHING = PartitionMaintenance(0, 0, 0, 0, 0, 0, analyzed=False, gave_up=())


def insert(database: Database, *moments: datetime) -> None:
    with database.transaction() as connection:
        for ordinal, moment in enumerate(moments):
            connection.execute(
                "INSERT INTO logs (id, file_id, ordinal, timestamp, raw_data) "
                "VALUES (gen_random_uuid(), 1, %s, %s, '{}')",
                (ordinal, moment),
            )


def partitions(database: Database) -> dict[str, int]:
    """Rows by partition."""
    with database.transaction() as connection:
        return dict(
            connection.execute("""
                SELECT c.relname, (SELECT count(*) FROM logs WHERE tableoid = c.oid)
                FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'logs'::regclass""").fetchall()
        )


def with_retention(place: Place, days: int) -> SweepContext:
    return replace(place.tools, settings=place.tools.settings.model_copy(update={"retention_days": days}))


def month(moment: datetime) -> str:
    return f"logs_{moment:%Y_%m}"


def test_a_new_and_empty_schema_needs_nothing(place: Place) -> None:
    assert maintain_partitions(place.tools, UNLIMITED) == NOTHING


def test_months_ahead_are_built(place: Place) -> None:
    missing = month(NOW.replace(day=1) + timedelta(days=40))
    with place.tools.database.transaction() as connection:
        connection.execute(f"DROP TABLE {missing}")
    assert maintain_partitions(place.tools, UNLIMITED).partitions_created == 1
    assert missing in partitions(place.tools.database)


def test_rows_of_the_default_partition_move_to_a_month_of_their_own(place: Place) -> None:
    old = NOW - timedelta(days=400)
    older = NOW - timedelta(days=500)
    insert(place.tools.database, old, old, older)
    assert maintain_partitions(place.tools, UNLIMITED).months_moved == 2
    counts = partitions(place.tools.database)
    assert (counts[month(old)], counts[month(older)], counts["logs_default"]) == (2, 1, 0)


def test_entries_of_the_years_1_and_9999_make_no_partitions(place: Place) -> None:
    insert(place.tools.database, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
    before = partitions(place.tools.database)
    assert maintain_partitions(place.tools, UNLIMITED).months_moved == 0
    assert partitions(place.tools.database) == before


def test_nothing_is_ever_dropped_unless_it_is_asked_for(place: Place) -> None:
    insert(place.tools.database, NOW - timedelta(days=3_000))
    maintain_partitions(place.tools, UNLIMITED)
    assert month(NOW - timedelta(days=3_000)) in partitions(place.tools.database)


def test_a_month_past_its_retention_is_emptied_and_dropped_and_the_ledger_stays(place: Place) -> None:
    old = NOW - timedelta(days=100)
    completed(place.tools.database, last_log_at=old)
    insert(place.tools.database, old, NOW)
    report = maintain_partitions(with_retention(place, 30), UNLIMITED)
    assert (report.partitions_emptied, report.partitions_dropped) == (1, report.partitions_dropped)
    counts = partitions(place.tools.database)
    assert month(old) not in counts
    assert sum(counts.values()) == 1
    with place.tools.database.transaction() as connection:
        assert connection.execute("SELECT status FROM processed_files").fetchall() == [("COMPLETED",)]


def test_a_month_that_is_only_partly_past_is_kept(place: Place) -> None:
    insert(place.tools.database, NOW - timedelta(days=32))
    maintain_partitions(with_retention(place, 31), UNLIMITED)
    first_of_month = NOW.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    ended = first_of_month <= NOW - timedelta(days=31)
    assert sum(partitions(place.tools.database).values()) == (0 if ended else 1)


def test_old_rows_of_the_default_partition_expire_as_well(place: Place) -> None:
    insert(place.tools.database, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
    assert maintain_partitions(with_retention(place, 30), UNLIMITED).rows_pruned == 1
    assert sum(partitions(place.tools.database).values()) == 1


def test_histories_of_files_that_changed_lately_stay(place: Place) -> None:
    database = place.tools.database
    failed(database, replace(FILE, key="old"), ErrorKind.PERMANENT)
    failed(database, replace(FILE, key="new"), ErrorKind.PERMANENT)
    with database.transaction() as connection:
        connection.execute(
            "UPDATE processed_files SET updated_at = now() - interval '40 days' WHERE s3_key = 'old'"
        )
        connection.execute(
            "INSERT INTO rejected_entries (file_id, ordinal, byte_offset, byte_length, error, raw) "
            "SELECT id, 0, 0, 0, 'x', '' FROM processed_files"
        )
    assert maintain_partitions(with_retention(place, 30), UNLIMITED).histories_pruned == 1
    with database.transaction() as connection:
        left = connection.execute(
            "SELECT DISTINCT s3_key FROM file_events e JOIN processed_files f ON f.id = e.file_id"
        ).fetchall()
        assert left == [("new",)]
        assert connection.execute("SELECT count(*) FROM rejected_entries").fetchone() == (1,)


def test_a_live_copy_makes_the_tick_give_up_and_try_again_later(place: Place, connect: Connect) -> None:
    old = NOW - timedelta(days=100)
    insert(place.tools.database, old)
    maintain_partitions(place.tools, UNLIMITED)  # a partition of its own
    worker = connect()
    worker.execute(
        "INSERT INTO logs (id, file_id, ordinal, timestamp, raw_data) VALUES (gen_random_uuid(), 1, 9, %s, '{}')",
        (old,),
    )
    report = maintain_partitions(with_retention(place, 30), UNLIMITED)
    assert "retention" in report.gave_up
    worker.commit()
    assert partitions(place.tools.database)[month(old)] == 2
    assert maintain_partitions(with_retention(place, 30), UNLIMITED).gave_up == ()
    assert month(old) not in partitions(place.tools.database)


def test_a_worker_that_writes_to_another_month_is_in_nobodys_way(place: Place, connect: Connect) -> None:
    insert(place.tools.database, NOW - timedelta(days=400))
    worker = connect()
    worker.execute(
        "INSERT INTO logs (id, file_id, ordinal, timestamp, raw_data) VALUES (gen_random_uuid(), 1, 9, now(), '{}')"
    )
    assert maintain_partitions(place.tools, UNLIMITED).months_moved == 1
    worker.commit()


def test_a_second_sweeper_leaves_the_house_to_the_first(
    place: Place, new_database: Callable[[], Database]
) -> None:
    insert(place.tools.database, NOW - timedelta(days=400))
    first = PartitionMaintainer(new_database())
    with first._alone() as holding:
        assert holding is not None
        assert maintain_partitions(place.tools, UNLIMITED) == NOTHING
    assert maintain_partitions(place.tools, UNLIMITED).months_moved == 1


def test_near_its_deadline_nothing_is_begun(place: Place) -> None:
    insert(place.tools.database, NOW - timedelta(days=400))
    assert maintain_partitions(place.tools, Deadline(lambda: 1)) == NOTHING


def test_statistics_of_the_whole_table_are_made_once_a_day(place: Place) -> None:
    insert(place.tools.database, NOW)
    assert maintain_partitions(place.tools, UNLIMITED).analyzed
    assert not maintain_partitions(place.tools, UNLIMITED).analyzed


def test_a_lock_that_is_not_given_in_time_has_its_own_error(database: Database, connect: Connect) -> None:
    connect().execute("LOCK TABLE logs_default")
    insert_elsewhere = PartitionMaintainer(database)
    with pytest.raises(LockTimeoutError):
        insert_elsewhere.prune_default(NOW, 1)


def test_whoever_may_load_may_keep_the_house_without_owning_a_table(place: Place, connect: Connect) -> None:
    insert(place.tools.database, NOW - timedelta(days=400))
    loader = connect()
    loader.execute("SET ROLE ingestor_ingest")
    moved = loader.execute("SELECT move_month_out_of_default('2000-01-01', '2100-01-01')").fetchone()
    assert moved is not None
    assert moved[0] is not None
    stranger = connect()
    stranger.execute("SET ROLE ingestor_reader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        stranger.execute("SELECT drop_expired_logs_partition(now())")
