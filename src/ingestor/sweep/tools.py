"""What a sweep works with."""

from dataclasses import dataclass

from ingestor.database import Database
from ingestor.deadline import Deadline
from ingestor.queues.sqs import SqsQueue
from ingestor.settings import Settings
from ingestor.sources.s3 import S3Objects

LOCK_TIMEOUT_SECONDS = 5.0
"""A sweep never waits long for a worker: what it can't have now, it finds at the next tick."""


@dataclass(frozen=True, slots=True)
class SweepTools:
    """`dead_letters` is None where DLQ_URL is unset: they are left alone."""

    database: Database
    objects: S3Objects
    queue: SqsQueue
    dead_letters: SqsQueue | None
    settings: Settings

    def end_with(self, deadline: Deadline) -> None:
        """No answer of anybody is waited for beyond it."""
        self.database.deadline = deadline
        self.objects.end_with(deadline)
        for queue in (self.queue, self.dead_letters):
            if queue is not None:
                queue.end_with(deadline)
