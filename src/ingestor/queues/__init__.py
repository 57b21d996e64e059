"""Where messages wait: at-least-once delivery, and nothing more. The ledger owns the files.

`Queue` is what the service needs of a queue. `sqs` is the one there is; `ingestor.bootstrap` alone picks it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ingestor.deadline import Bounded
from ingestor.errors import ServiceUnavailableError

__all__ = ["Queue", "QueueDepth", "ReceivedMessage", "send_all"]


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """`sent_at` is when it first came to any queue: redrive doesn't renew it.

    `receipt_handle` acknowledges or defers this delivery of the message.
    """

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """About how many messages wait, are being worked on, or aren't due yet."""

    visible: int
    in_flight: int
    delayed: int


class Queue(Bounded, Protocol):
    """Every method raises ServiceUnavailableError when the queue can't be had, OutOfTimeError when there is no time."""

    def receive(self, limit: int, visibility_seconds: int, /) -> list[ReceivedMessage]:
        """At most ten messages, hidden from others for so many seconds. An empty list: none waits now."""
        ...

    def acknowledge(self, receipt_handle: str, /) -> None:
        """The message never comes again."""
        ...

    def defer(self, receipt_handle: str, seconds: float, /) -> None:
        """The message comes again after so many seconds; 0: at once."""
        ...

    def send(self, bodies: Sequence[str], /) -> list[str]:
        """Sends messages, and returns the bodies that the queue didn't take."""
        ...

    def depth(self) -> QueueDepth: ...


def send_all(queue: Queue, bodies: Sequence[str]) -> None:
    """Sends all messages. Raises ServiceUnavailableError when the queue didn't take one of them."""
    refused = queue.send(bodies)
    if refused:
        raise ServiceUnavailableError(f"the queue refused {len(refused)} of {len(bodies)} messages")
