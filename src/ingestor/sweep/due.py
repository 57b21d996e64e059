"""First step: files that are due go back to the queue, whether they failed, are stuck, or were never started."""

from dataclasses import dataclass

from ingestor import ledger
from ingestor.deadline import Deadline
from ingestor.notifications import continuation_message
from ingestor.queues import send_all
from ingestor.sweep.context import LOCK_TIMEOUT_SECONDS, SweepContext

PAGE = 100
"""Files re-queued in one transaction, then sent in ten calls to SQS. A crash in between delays them by 15 minutes."""


@dataclass(frozen=True, slots=True)
class Due:
    """`evicted`: backends of stopped workers that still held a file. `is_complete`: nothing due was left for later."""

    sent: int = 0
    worn_out: int = 0
    evicted: int = 0
    is_complete: bool = False


def requeue_due_files(context: SweepContext, deadline: Deadline) -> Due:
    """Raises DatabaseUnavailableError, ServiceUnavailableError; what was re-queued by then is due again by itself."""
    with context.database.transaction() as connection:
        evicted = ledger.evict_expired_workers(connection)
    sent = worn_out = 0
    while not deadline.is_near():
        with context.database.transaction(lock_timeout=LOCK_TIMEOUT_SECONDS) as connection:
            page = ledger.requeue_due(
                connection,
                limit=PAGE,
                max_attempts=context.settings.max_attempts,
                buckets=context.settings.watched_buckets,
            )
        send_all(context.queue, [continuation_message(file) for file in page.files])
        sent += len(page.files)
        worn_out += page.worn_out
        if page.seen < PAGE:
            return Due(sent, worn_out, evicted, is_complete=True)
    return Due(sent, worn_out, evicted)
