"""Rows per second, for a database that has other work to do."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ingestor import ledger
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.ingest import Worker
from ingestor.ingest.worker import Committed
from ingestor.model.entry import Batch

_STEP_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _ThrottledWorker(Worker):
    rows_per_second: float = float("inf")
    deadline: Deadline = UNLIMITED

    def commit(self, batch: Batch, claim: ledger.Claim, all_sent: Callable[[], None]) -> Committed:
        began = time.monotonic()
        # Not super(): a dataclass with slots is another class than the one its methods were compiled in.
        committed = Worker.commit(self, batch, claim, all_sent)
        until = began + len(batch.values) / self.rows_per_second
        while (left := until - time.monotonic()) > 0 and not self.deadline.is_near():
            time.sleep(min(left, _STEP_SECONDS))
        return committed


def throttled(worker: Worker, rows_per_second: float | None, deadline: Deadline) -> Worker:
    """`worker`, pausing after each chunk: chunks so small that the pause is well within the lease."""
    if rows_per_second is None:
        return worker
    settings = worker.settings
    rows = max(1, min(settings.chunk_rows, int(rows_per_second * settings.lease_seconds / 6)))
    return _ThrottledWorker(
        worker.database,
        worker.source,
        settings.model_copy(update={"chunk_rows": rows}),
        worker.format,
        worker.sink,
        worker.abandoned,
        worker.stage,
        worker.on_claim,
        rows_per_second=rows_per_second,
        deadline=deadline,
    )
