"""A database that goes back in time, as after a restore or a failover that lost commits, is made whole by itself."""

from collections.abc import Callable

import psycopg
from psycopg import sql
from tests.faults.arena import Arena
from tests.faults.conftest import MakeArena
from tests.faults.event_source import EventSource, Invocations
from tests.faults.scale import SCALE
from tests.faults.settling import conclude
from tests.faults.workers import Workers

from ingestor.database import ConnectionParameters

FILES = 4
ENTRIES = 24


def load_all(arena: Arena, workers: Workers, seen: Invocations) -> None:
    with workers.worker("serve") as worker:
        while EventSource(arena, seen).poll(worker):
            pass


def test_what_a_restored_database_has_forgotten_is_loaded_again_once(
    make_arena: MakeArena, workers: Workers, postgres: ConnectionParameters, report: Callable[..., None]
) -> None:
    arena = make_arena()
    rng = SCALE.rng("restore")
    seen = Invocations()
    for number in range(FILES):
        arena.notify(arena.upload(f"before/{number}.json.gz", ENTRIES, rng))
    load_all(arena, workers, seen)
    database = sql.Identifier(arena.parameters.dbname)
    backup = sql.Identifier(f"{arena.parameters.dbname}_backup")
    with psycopg.connect(
        host=postgres.host, port=postgres.port, user=postgres.user, password=postgres.password,
        dbname=postgres.dbname, autocommit=True,
    ) as server:  # fmt: skip
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(backup, database))
        arena.notify(arena.upload("before/0.json.gz", ENTRIES, rng))
        for number in range(FILES):
            arena.notify(arena.upload(f"after/{number}.json.gz", ENTRIES, rng))
        load_all(arena, workers, seen)
        server.execute(sql.SQL("DROP DATABASE {}").format(database))
        server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(backup, database))
    with arena.connect() as connection:
        assert connection.execute("SELECT count(*) FROM processed_files").fetchone() == (FILES,)
    conclude(arena, workers, seen, report)
