"""`ingestor migrate` killed at any statement: the whole schema is there or none of it, and the next one finishes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

import psycopg
from psycopg import sql
from tests.faults.conftest import MakeArena
from tests.faults.doom import Doom
from tests.faults.scale import SCALE
from tests.faults.workers import Workers
from tests.integration.conftest import variables_of

from ingestor.database import Connection, ConnectionParameters
from ingestor.database.migrate import bundled_migrations

FIRST, EVERY = (1, 1) if SCALE.is_long else (SCALE.rng("migrate").randrange(2, 16), 1_000)
"""The statement that is the first's last, and how many further on each next one comes."""

_numbers = count(1)


@contextmanager
def empty_database(server: ConnectionParameters) -> Iterator[ConnectionParameters]:
    name = f"unmigrated_{next(_numbers)}"
    with connected(server) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield replace(server, dbname=name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def connected(to: ConnectionParameters) -> Connection:
    return psycopg.connect(
        host=to.host, port=to.port, user=to.user, password=to.password, dbname=to.dbname, autocommit=True
    )


def applied(parameters: ConnectionParameters) -> int:
    """Migrations, by the table that says so; none without it."""
    with connected(parameters) as connection:
        (is_there,) = connection.execute(
            "SELECT to_regclass('schema_migrations') IS NOT NULL"
        ).fetchone() or (False,)
        if not is_there:
            (tables,) = connection.execute(
                "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            ).fetchone() or (0,)
            assert tables == 0, "half a schema"
            return 0
        (number,) = connection.execute("SELECT count(*) FROM schema_migrations").fetchone() or (0,)
        return int(number)


def test_a_migration_killed_at_any_statement_is_done_by_the_next_one(
    make_arena: MakeArena, workers: Workers, postgres: ConnectionParameters, report: Callable[..., None]
) -> None:
    environment = make_arena().environment
    everything = len(bundled_migrations())
    kills = 0
    for hit in count(FIRST, EVERY):
        with empty_database(postgres) as parameters:
            workers.arrange({**environment, **variables_of(parameters)})
            with workers.worker("command", "migrate", doom=Doom("after execute", hit)) as doomed:
                doomed.ended.wait(60)
            assert applied(parameters) in {0, everything}
            if doomed.status == 0:
                break
            assert doomed.was_killed
            kills += 1
            with workers.worker("command", "migrate") as next_one:
                next_one.ended.wait(60)
            assert next_one.status == 0
            assert applied(parameters) == everything
    report(kills=kills)
    assert kills > everything or not SCALE.is_long, "each migration takes two statements: were they counted?"
    assert kills
