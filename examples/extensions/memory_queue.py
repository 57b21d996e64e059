"""A queue: in the memory of one process, with what a queue has to do and nothing more.

`MemoryQueue()` goes where `bootstrap.queue` gives SQS. A message that nobody acknowledges comes again.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ingestor.deadline import Deadline
from ingestor.queues import QueueDepth, ReceivedMessage

MOST_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class _Kept:
    message: ReceivedMessage
    visible_at: float


class MemoryQueue:
    """A `Queue`. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._numbers = itertools.count(1)

    def send(self, bodies: Sequence[str], /) -> list[str]:
        for body in bodies:
            name = str(next(self._numbers))
            message = ReceivedMessage(name, name, body, receive_count=0, sent_at=datetime.now(UTC))
            self._kept[name] = _Kept(message, self._clock())
        return []

    def receive(self, limit: int, visibility_seconds: int, /) -> list[ReceivedMessage]:
        now = self._clock()
        visible = [each for each in self._kept.values() if each.visible_at <= now]
        return [self._hidden(each, now + visibility_seconds) for each in visible[: min(limit, MOST_AT_ONCE)]]

    def acknowledge(self, receipt_handle: str, /) -> None:
        self._kept.pop(receipt_handle, None)

    def defer(self, receipt_handle: str, seconds: float, /) -> None:
        if receipt_handle in self._kept:
            kept = self._kept[receipt_handle]
            self._kept[receipt_handle] = replace(kept, visible_at=self._clock() + seconds)

    def depth(self) -> QueueDepth:
        now = self._clock()
        hidden = sum(each.visible_at > now for each in self._kept.values())
        return QueueDepth(visible=len(self._kept) - hidden, in_flight=hidden, delayed=0)

    def end_with(self, deadline: Deadline, /) -> None:
        """Memory keeps nobody waiting."""

    def _hidden(self, kept: _Kept, until: float) -> ReceivedMessage:
        message = replace(kept.message, receive_count=kept.message.receive_count + 1)
        self._kept[message.receipt_handle] = _Kept(message, until)
        return message
