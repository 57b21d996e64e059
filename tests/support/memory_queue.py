"""A queue without SQS: messages one by one, in the order that a test wants."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ingestor.queues import QueueDepth, ReceivedMessage

SENT_AT = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class MemoryQueue:
    """A `Queue`."""

    messages: list[ReceivedMessage] = field(default_factory=list)
    hidden: dict[str, ReceivedMessage] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def put(self, body: str, receive_count: int = 0) -> None:
        name = str(next(self.numbers))
        self.messages.append(ReceivedMessage(name, name, body, receive_count + 1, SENT_AT))

    def send(self, bodies: Sequence[str]) -> list[str]:
        for body in bodies:
            self.put(body)
        return []

    def take(self, number: int) -> ReceivedMessage | None:
        """One, whichever a test wants, off the queue."""
        return self.messages.pop(number % len(self.messages)) if self.messages else None

    def receive(self, limit: int, _visibility_seconds: int) -> list[ReceivedMessage]:
        taken, self.messages = self.messages[:limit], self.messages[limit:]
        self.hidden.update((each.receipt_handle, each) for each in taken)
        return taken

    def acknowledge(self, receipt_handle: str) -> None:
        del self.hidden[receipt_handle]

    def defer(self, receipt_handle: str, _seconds: float) -> None:
        self.messages.append(self.hidden.pop(receipt_handle))

    def depth(self) -> QueueDepth:
        return QueueDepth(len(self.messages), len(self.hidden), 0)
