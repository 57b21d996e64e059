"""Rows per second, for a database that has other work to do."""

import time
from dataclasses import replace

from ingestor.deadline import Deadline
from ingestor.ingest import Worker

_STEP_SECONDS = 0.2


class _Pauses:
    """Keeps the average: a chunk that took time of its own is followed by a shorter pause."""

    def __init__(self, rows_per_second: float, deadline: Deadline) -> None:
        self._rows_per_second = rows_per_second
        self._deadline = deadline
        self._since = time.monotonic()

    def after_chunk(self, entries: int) -> None:
        until = self._since + entries / self._rows_per_second
        while (left := until - time.monotonic()) > 0 and not self._deadline.is_near():
            time.sleep(min(left, _STEP_SECONDS))
        self._since = time.monotonic()


def throttled(worker: Worker, rows_per_second: float | None, deadline: Deadline) -> Worker:
    """`worker`, pausing after each chunk: chunks so small that the pause is well within the lease."""
    if rows_per_second is None:
        return worker
    settings = worker.settings
    rows = max(1, min(settings.chunk_rows, int(rows_per_second * settings.lease_seconds / 6)))
    return replace(
        worker,
        settings=settings.model_copy(update={"chunk_rows": rows}),
        after_chunk=_Pauses(rows_per_second, deadline).after_chunk,
    )
