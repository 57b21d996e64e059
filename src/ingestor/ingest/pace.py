"""How long a worker may go on: until the Lambda's deadline, and a third of the lease per chunk."""

import time

from ingestor.deadline import Deadline


class Pace:
    """Times the chunks of one file: each within a third of the lease, so that two may fail to renew it."""

    def __init__(self, lease_seconds: float, deadline: Deadline) -> None:
        self._chunk_seconds = lease_seconds / 3
        self._deadline = deadline
        self._since = self._reading_since = time.monotonic()
        self._slowest = 0.0
        self._is_first = True

    def reading_begins(self) -> None:
        """Of the next chunk, possibly while the one before is not done."""
        self._reading_since = time.monotonic()

    def time_is_up(self) -> bool:
        """Whether to commit what is there. The first chunk ignores the deadline: every turn moves the file on."""
        if time.monotonic() - self._reading_since > self._chunk_seconds:
            return True
        return not self._is_first and self._deadline.is_near()

    def chunk_done(self) -> None:
        now = time.monotonic()
        self._slowest = max(self._slowest, now - self._since)
        self._since = now
        self._is_first = False

    def may_go_on(self) -> bool:
        """Whether another chunk as slow as the slowest so far still fits before the deadline."""
        return not self._deadline.is_near(self._slowest)
