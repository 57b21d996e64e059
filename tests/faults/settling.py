"""No more faults: healthy workers and sweepers go on until nothing is left to do, as they would by themselves."""

import time
from collections.abc import Callable
from typing import Any, LiteralString

from tests.faults.arena import Arena
from tests.faults.event_source import EventSource, Invocations
from tests.faults.verdict import judge
from tests.faults.workers import Workers

# An hour later. Rows that somebody holds are left alone: waiting for them is no part of time's passing.
_LATER: LiteralString = """
UPDATE processed_files SET next_attempt_at = clock_timestamp()
WHERE id IN (SELECT id FROM processed_files WHERE next_attempt_at > clock_timestamp() FOR UPDATE SKIP LOCKED)
"""
_LISTED_LONG_AGO: LiteralString = """
UPDATE listings SET started_at = started_at - interval '2 days' WHERE finished_at IS NOT NULL
"""
_UNFINISHED: LiteralString = """
SELECT count(*) FROM processed_files
WHERE bucket = %s AND (status <> 'COMPLETED' OR coalesce(lease_expires_at, next_attempt_at) IS NOT NULL)
"""
_KNOWN: LiteralString = "SELECT count(*) FROM processed_files WHERE bucket = %s"


def let_time_pass(arena: Arena) -> None:
    """For whatever waits for its time in the ledger."""
    with arena.connect() as connection:
        connection.execute(_LATER)
        connection.execute(_LISTED_LONG_AGO)


def is_quiet(arena: Arena) -> bool:
    with arena.connect() as connection:
        (unfinished,) = connection.execute(_UNFINISHED, (arena.name,)).fetchone() or (0,)
        (known,) = connection.execute(_KNOWN, (arena.name,)).fetchone() or (0,)
    return (
        unfinished == 0
        and known == len(arena.uploads)
        and arena.waiting(arena.queue_url) == 0
        and arena.waiting(arena.dlq_url) == 0
    )


def settle(arena: Arena, workers: Workers, seen: Invocations, *, seconds: float = 120) -> bool:
    """Whether it became quiet in that time. No worker is left afterwards."""
    until = time.monotonic() + seconds
    source = EventSource(arena, seen)
    with workers.worker("serve") as handler, workers.worker("sweep") as sweeper:
        while not (quiet := is_quiet(arena)) and time.monotonic() < until:
            while source.poll(handler):
                pass
            let_time_pass(arena)
            source.tick(sweeper)
    return quiet


def conclude(
    arena: Arena,
    workers: Workers,
    seen: Invocations,
    report: Callable[..., None],
    *,
    patience: float = 120,
    **figures: Any,  # noqa: ANN401 - whatever JSON takes
) -> None:
    """What every test ends with: all settles, the promise was kept, and no worker did what none may."""
    began = time.monotonic()
    quiet = settle(arena, workers, seen, seconds=patience)
    verdict = judge(arena)
    settled_in = round(time.monotonic() - began, 1)
    report(**figures, **verdict.figures(), invocations=seen.answered, settled_in=settled_in)
    assert quiet, f"something is left to do: {verdict}"
    assert verdict.is_good, str(verdict)
    assert not seen.strays, "an error outside the error tree"
    assert not seen.overdue, "a worker waited longer than its function lives"
