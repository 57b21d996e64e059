"""How long logs are kept is the owner's to say: the service's user destroys nothing younger, whatever it asks for."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql
from tests.integration.conftest import Login
from tests.support.connections import Connect
from tests.support.expiring_logs import ANCIENT, NOW, OLD, everything, fill

from ingestor.database import Database, migrate, record_retention

type Session = psycopg.Connection[tuple[Any, ...]]

INGEST = "ingestor_ingest"
DESTROYING: tuple[LiteralString, ...] = (
    "SELECT empty_expired_logs_partition({})",
    "SELECT drop_expired_logs_partition({})",
    "SELECT prune_default_partition({}, 100)",
    "SELECT prune_histories({}, 100)",
)


@pytest.fixture
def logs(database: Database) -> Database:
    fill(database)
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
