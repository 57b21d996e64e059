"""First step: failed files that are due, stuck ones, and those nobody ever started go back to the queue."""

from dataclasses import dataclass

from ingestor import ledger
from ingestor.deadline import Deadline
from ingestor.errors import ServiceUnavailableError
from ingestor.notifications import continuation_message
from ingestor.sweep.tools import LOCK_TIMEOUT_SECONDS, SweepTools

PAGE = 100
"""Files in one transaction, and then in ten calls to SQS: what a crash in between delays by REQUEUE_SECONDS."""


@dataclass(frozen=True, slots=True)
class Due:
    """`evicted`: backends of stopped workers that still held a file. `is_complete`: nothing due was left for later."""

    sent: int = 0
    worn_out: int = 0
    evicted: int = 0
    is_complete: bool = False


def requeue_due_files(tools: SweepTools, deadline: Deadline) -> Due:
    """Raises DatabaseUnavailableError, ServiceUnavailableError; what was re-queued by then is due again by itself."""
    with tools.database.transaction() as connection:
        evicted = ledger.evict_expired_workers(connection)
    sent = worn_out = 0
    while not deadline.is_near():
        with tools.database.transaction(lock_timeout=LOCK_TIMEOUT_SECONDS) as connection:
            page = ledger.requeue_due(
                connection,
                limit=PAGE,
                max_attempts=tools.settings.max_attempts,
                buckets=tools.settings.watched_buckets,
            )
        send_all(tools, [continuation_message(file) for file in page.files])
        sent += len(page.files)
        worn_out += page.worn_out
        if page.seen < PAGE:
            return Due(sent, worn_out, evicted, is_complete=True)
    return Due(sent, worn_out, evicted)


def send_all(tools: SweepTools, messages: list[str]) -> None:
    """Raises ServiceUnavailableError when one was not taken: its file is due again by itself."""
    refused = tools.queue.send_all(messages)
    if refused:
        raise ServiceUnavailableError(f"the queue refused {len(refused)} of {len(messages)} messages")
