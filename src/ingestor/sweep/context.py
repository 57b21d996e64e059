"""What a sweep works with."""

from dataclasses import dataclass

from ingestor.deadline import Deadline
from ingestor.discovery import DiscoveryContext
from ingestor.queues import Queue
from ingestor.sources import ObjectActions

LOCK_TIMEOUT_SECONDS = 5.0
"""A sweep doesn't wait long for a worker: a row that is locked now is found at the next tick."""


@dataclass(frozen=True, slots=True)
class SweepContext(DiscoveryContext):
    """`dead_letters` is None where DLQ_URL is unset: they are left alone.

    `actions` is None where nothing is done to loaded objects, whatever rules want.
    """

    dead_letters: Queue | None
    actions: ObjectActions | None = None

    def end_with(self, deadline: Deadline) -> None:
        """From now on no answer of the database, the store or a queue is waited for beyond `deadline`."""
        self.database.deadline = deadline
        self.objects.end_with(deadline)
        for queue in (self.queue, self.dead_letters):
            if queue is not None:
                queue.end_with(deadline)
