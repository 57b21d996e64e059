"""A sweeper that doesn't own the tables drops what the owner allows, and `ingestor migrate` records what that is."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.conftest import CommandLine, Login, variables_of
from tests.support.expiring_logs import NOW, everything, fill
from tests.support.sweeping import Place

from ingestor.database import ConnectionParameters, Database, PartitionMaintainer, record_retention
from ingestor.deadline import UNLIMITED
from ingestor.errors import ConfigurationError
from ingestor.sweep import sweep
from ingestor.sweep.context import SweepContext
from ingestor.sweep.partitions import PartitionMaintenance, maintain_partitions

INGEST = "ingestor_ingest"


@pytest.fixture
def logs(database: Database) -> Database:
    fill(database)
    return database


def as_the_service(place: Place, user: ConnectionParameters, days: int) -> SweepContext:
    settings = place.tools.settings.model_copy(update={"retention_days": days})
    return replace(place.tools, database=Database(lambda: user, "public"), settings=settings)


def test_a_sweeper_that_does_not_own_the_tables_drops_what_the_owner_allows(
    place: Place, logs: Database, log_in: Login
) -> None:
    record_retention(logs, 90)
    tools = as_the_service(place, log_in(INGEST), 90)
    with closing(tools.database):
        report = maintain_partitions(tools, UNLIMITED)
    assert (report.partitions_emptied, report.rows_pruned, report.histories_pruned) == (2, 1, 1)
    assert report.partitions_dropped == 3
    with logs.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM logs").fetchone() == (1,)


@pytest.mark.parametrize(
    ("allowed", "said"), [(None, "drops nothing"), (300, "drops nothing younger than 300 days")]
)
def test_a_sweeper_that_wants_more_says_so_and_does_all_the_rest(
    place: Place, logs: Database, log_in: Login, allowed: int | None, said: str
) -> None:
    record_retention(logs, allowed)
    with logs.transaction() as connection:
        connection.execute(
            "INSERT INTO logs (id, file_id, ordinal, timestamp, raw_data) "
            "VALUES (gen_random_uuid(), 1, 9, %s, '{}')",
            (NOW - timedelta(days=800),),
        )
    before = everything(logs)
    tools = as_the_service(place, log_in(INGEST), 90)
    with closing(tools.database):
        report = sweep(tools)
    (why,) = report.failures.values()
    assert "RETENTION_DAYS=90" in why
    assert said in why
    assert "ingestor migrate" in why
    assert report.gauges is not None
    after = everything(logs)
    assert set(before) < set(after), "the month of its own is made all the same"


def test_a_longer_retention_than_the_owners_is_the_sweepers_own_choice(
    place: Place, logs: Database, log_in: Login
) -> None:
    record_retention(logs, 90)
    tools = as_the_service(place, log_in(INGEST), 300)
    with closing(tools.database):
        report = maintain_partitions(tools, UNLIMITED)
    assert isinstance(report, PartitionMaintenance)
    assert report.partitions_emptied == 1


def test_what_is_asked_for_beyond_is_refused_before_anything_is_done(log_in: Login) -> None:
    user = log_in(INGEST)
    with (
        closing(Database(lambda: user, "public")) as database,
        pytest.raises(ConfigurationError, match="RETENTION_DAYS=30"),
    ):
        PartitionMaintainer(database).cutoff(30)


def test_migrate_records_retention_days_and_says_what_holds(
    ingestor: CommandLine, database: Database, log_in: Login
) -> None:
    assert ingestor("migrate", "--json").json["retention_days"] is None
    assert ingestor("migrate", "--json", RETENTION_DAYS="90").json["retention_days"] == 90
    assert ingestor("migrate", "--json").json["retention_days"] == 90, "unset, it changes nothing"
    assert ingestor("migrate", "--json", RETENTION_DAYS="30").json["retention_days"] == 30
    assert "logs older than 30 days may be dropped" in ingestor("migrate").stdout
    service = ingestor.using(variables_of(log_in(INGEST)))
    assert service("migrate", RETENTION_DAYS="1").status == 1
    with database.transaction() as connection:
        assert connection.execute("SELECT days FROM retention").fetchall() == [(30,)]
