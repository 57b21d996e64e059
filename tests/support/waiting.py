"""Who waits for a lock just now, so that a race need not be slept for."""

import time
from collections.abc import Callable
from typing import LiteralString

from ingestor.database import Connection

_WAITING: LiteralString = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""


def wait_until_somebody_waits(watcher: Connection, seconds: float = 30) -> int:
    """The backend that waits for a lock. `watcher` is in a transaction of its own, or in none."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        # What a transaction sees of other sessions' activity is kept as of its first look.
        watcher.execute("SELECT pg_stat_clear_snapshot()")
        row = watcher.execute(_WAITING).fetchone()
        if row is not None:
            pid: int = row[0]
            return pid
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")


def wait_for[T](what: Callable[[], T | None], seconds: float = 60) -> T:
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.02)
    return found
