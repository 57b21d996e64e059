"""How long logs are kept is the owner's to say: the service's user destroys nothing younger, whatever it asks for."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql
from tests.integration.conftest import CommandLine, Login, variables_of
from tests.support.connections import Connect
from tests.support.ledger_steps import FILE, failed
from tests.support.sweeping import Place

from ingestor.database import ConnectionParameters, Database, PartitionMaintainer, migrate, record_retention
from ingestor.deadline import UNLIMITED
from ingestor.errors import ConfigurationError, ErrorKind
from ingestor.sweep import sweep
from ingestor.sweep.partitions import PartitionMaintenance, maintain_partitions
from ingestor.sweep.tools import SweepTools

type Session = psycopg.Connection[tuple[Any, ...]]

INGEST = "ingestor_ingest"
NOW = datetime.now(UTC)
OLD, OLDER, ANCIENT = (NOW - timedelta(days=days) for days in (150, 400, 9_000))
DESTROYING: tuple[LiteralString, ...] = (
    "SELECT empty_expired_logs_partition({})",
    "SELECT drop_expired_logs_partition({})",
    "SELECT prune_default_partition({}, 100)",
    "SELECT prune_histories({}, 100)",
)


@pytest.fixture
def logs(database: Database) -> Database:
    """A month of old rows, one of older ones, an empty one, rows that have none, and a file's history."""
    failed(database, replace(FILE, key="old.gz"), ErrorKind.PERMANENT)
    with database.transaction() as connection:
        connection.execute("UPDATE processed_files SET updated_at = %s", (OLD,))
        for ordinal, moment in enumerate((NOW, OLD, OLDER, ANCIENT)):
            connection.execute(
                "INSERT INTO logs (id, file_id, ordinal, timestamp, raw_data) "
                "VALUES (gen_random_uuid(), 1, %s, %s, '{}')",
                (ordinal, moment),
            )
    maintainer = PartitionMaintainer(database)
    while maintainer.move_month_out_of_default():
        pass
    with database.transaction() as connection:
        connection.execute("SELECT create_logs_partition(%s)", ((OLD - timedelta(days=70)).date(),))
    return database


@pytest.fixture
def service(
    logs: Database,  # noqa: ARG001 - they are there first
    log_in: Login,
) -> Iterator[Session]:
    """Logged in as the service's own user."""
    user = log_in(INGEST)
    with psycopg.connect(
        host=user.host,
        port=user.port,
        dbname=user.dbname,
        user=user.user,
        password=user.password,
        autocommit=True,
    ) as connection:
        yield connection


def everything(database: Database) -> tuple[object, ...]:
    with database.transaction() as connection:
        rows = connection.execute("SELECT timestamp FROM logs ORDER BY 1").fetchall()
        partitions = connection.execute(
            "SELECT relname FROM pg_class WHERE relispartition ORDER BY 1"
        ).fetchall()
        events = connection.execute("SELECT id FROM file_events ORDER BY 1").fetchall()
    return (*rows, *partitions, *events)


def may_be_destroyed(connection: Session, statement: LiteralString, moment: datetime) -> bool:
    try:
        connection.execute(sql.SQL(statement).format(moment))
    except psycopg.errors.InsufficientPrivilege as error:
        if "ingestor migrate" not in (error.diag.message_hint or ""):
            raise
        return False
    return True


@pytest.mark.parametrize("statement", DESTROYING)
def test_without_the_owners_word_nothing_is_destroyed(
    logs: Database, service: Session, statement: LiteralString
) -> None:
    before = everything(logs)
    for cutoff in (datetime.max.replace(tzinfo=UTC), NOW, OLD, ANCIENT, datetime.min.replace(tzinfo=UTC)):
        assert not may_be_destroyed(service, statement, cutoff)
    assert everything(logs) == before


@pytest.mark.parametrize("statement", DESTROYING)
def test_nothing_younger_than_the_owner_allows_is_destroyed(
    logs: Database, service: Session, statement: LiteralString
) -> None:
    record_retention(logs, 300)
    before = everything(logs)
    for days in (-1_000, 0, 1, 299):
        assert not may_be_destroyed(service, statement, datetime.now(UTC) - timedelta(days=days))
    assert everything(logs) == before
    for days in (300, 301, 5_000):
        assert may_be_destroyed(service, statement, datetime.now(UTC) - timedelta(days=days))
    with logs.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM logs WHERE timestamp >= %s", (OLD,)).fetchone() == (
            2,
        )


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO retention (days) VALUES (1)",
        "UPDATE retention SET days = 1",
        "DELETE FROM retention",
        "TRUNCATE retention",
        "DROP TABLE retention",
        "CREATE OR REPLACE FUNCTION may_expire(cutoff timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE TABLE public.retention (days int)",
        "SET SESSION AUTHORIZATION postgres",
        "SET ROLE postgres",
        "SELECT create_logs_partition('2000-01-01')",
    ],
)
def test_the_services_user_can_not_change_what_the_owner_allows(
    logs: Database, service: Session, statement: LiteralString
) -> None:
    record_retention(logs, 300)
    with pytest.raises(psycopg.errors.Error):
        service.execute(statement)
    assert not may_be_destroyed(service, DESTROYING[0], NOW)


def test_no_setting_of_the_session_moves_the_day(logs: Database, service: Session) -> None:
    record_retention(logs, 300)
    service.execute("CREATE TEMP TABLE retention (days int); INSERT INTO pg_temp.retention VALUES (1)")
    service.execute("CREATE TEMP TABLE pg_class (oid oid, relowner oid)")
    for setting in (
        "search_path = pg_temp, public",
        "TimeZone = 'Pacific/Kiritimati'",
        "TimeZone = 'Etc/GMT+12'",
    ):
        service.execute(sql.SQL("SET {}").format(sql.SQL(setting)))
        assert not may_be_destroyed(
            service, "SELECT public.prune_histories({}, 100)", NOW - timedelta(days=299)
        )


@pytest.mark.usefixtures("logs")
def test_the_owner_is_bound_by_nothing(connect: Connect) -> None:
    superuser = connect()
    for statement in DESTROYING:
        assert may_be_destroyed(superuser, statement, NOW)


def test_an_owner_who_is_no_superuser_is_bound_by_nothing_either(log_in: Login, connect: Connect) -> None:
    owner = log_in(None)
    with connect() as administrator:
        names = sql.Identifier(owner.dbname), sql.Identifier(owner.user)
        administrator.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(*names))
    with closing(Database(lambda: owner, "owned")) as database:
        migrate(database)
        with database.transaction() as connection:
            for statement in DESTROYING:
                assert may_be_destroyed(connection, statement, NOW)


def as_the_service(place: Place, user: ConnectionParameters, days: int) -> SweepTools:
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


def test_nobody_has_months_made_without_end(logs: Database, service: Session) -> None:
    """Each is a table, and every query looks at all of them."""
    service.execute("SELECT ensure_logs_partitions(0, 1000000)")
    with logs.transaction() as connection:
        for year in range(1_000, 3_000, 100):
            connection.execute(
                "INSERT INTO logs (id, file_id, ordinal, timestamp, raw_data) "
                "VALUES (gen_random_uuid(), 1, %s, make_timestamptz(%s, 1, 1, 0, 0, 0), '{}')",
                (year, year),
            )
    while service.execute("SELECT move_month_out_of_default('0001-01-01', '9999-12-31')").fetchone() != (
        None,
    ):
        pass
    with logs.transaction() as connection:
        (made,) = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r'"
        ).fetchone() or (0,)
    assert made < 50
