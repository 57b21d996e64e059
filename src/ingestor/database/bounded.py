"""A connection on which no answer is waited for without a limit."""

import math
import time
from typing import Any, override

import psycopg
from psycopg.abc import RV, PQGen

type Connection = psycopg.Connection[tuple[Any, ...]]
"""A connection that runs our statements, as `Database` or a program opened it."""


class BoundedConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that closes its socket when an answer comes too late: a frozen server obeys no limit of its own.

    Every round trip, each block of a COPY included, passes `wait`. No cancel request is sent: it would need an answer
    of the same server, or of a pooler that hands it to another's query.
    """

    _patience = math.inf
    _give_up_at = math.inf

    def expect_answers_within(self, seconds: float) -> None:
        """Limits all answers together, from now until this is called again."""
        self._patience = seconds
        self._give_up_at = time.monotonic() + seconds

    @override
    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        left = max(self._give_up_at - time.monotonic(), 0)
        try:
            return super().wait(gen, interval, left if timeout is None else min(timeout, left))
        except psycopg.OperationalError as error:
            # psycopg's own time-out is private. It carries no SQLSTATE, as nothing does that no server said.
            if error.sqlstate is not None or time.monotonic() < self._give_up_at:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(
                f"no answer within {self._patience:.0f} s: the connection was closed"
            ) from None
