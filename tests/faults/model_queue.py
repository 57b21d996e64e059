"""A queue that delivers at least once, and its dead letters, as SQS has them; the model says what is received when."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from tests.faults.model_process import Fate, before

from ingestor.errors import SourceUnavailableError
from ingestor.queues import QueueDepth, ReceivedMessage
from ingestor.queues.sqs import SqsQueue

VISIBILITY_SECONDS = 900
MAX_RECEIVE_COUNT = 5


@dataclass(slots=True)
class ModelMessage:
    """`visible_at`: from then on somebody may receive it (again)."""

    number: int
    body: str
    sent_at: datetime
    visible_at: datetime
    receive_count: int = 0


class ModelQueue(SqsQueue):
    """`now` is the model's clock. Without `dead_letters`, messages are received for ever."""

    def __init__(
        self, name: str, now: Callable[[], datetime], dead_letters: "ModelQueue | None" = None
    ) -> None:
        self._name = name
        self._now = now
        self._dead_letters = dead_letters
        self._numbers = itertools.count(1)
        self.messages: dict[int, ModelMessage] = {}

    @property
    def visible(self) -> list[ModelMessage]:
        return [each for each in self.messages.values() if each.visible_at <= self._now()]

    def take(
        self, message: ModelMessage, visibility_seconds: float = VISIBILITY_SECONDS
    ) -> ReceivedMessage | None:
        """None: it was received too often, and is a dead letter now."""
        if self._dead_letters is not None and message.receive_count >= MAX_RECEIVE_COUNT:
            del self.messages[message.number]
            self._dead_letters.put(message.body)
            return None
        message.receive_count += 1
        message.visible_at = self._now() + timedelta(seconds=visibility_seconds)
        return ReceivedMessage(
            f"{self._name} {message.number}",
            # A receipt is of one receipt of the message: an older one still deletes it, as SQS has it.
            f"{message.number}",
            message.body,
            message.receive_count,
            message.sent_at,
        )

    def put(self, body: str) -> None:
        """What the model, or S3, sends; processes `send`."""
        number = next(self._numbers)
        self.messages[number] = ModelMessage(number, body, self._now(), self._now())

    def send(self, bodies: Sequence[str]) -> list[str]:
        if bodies:
            self._call(f"send {len(bodies)}", partial(self._put_all, bodies))
        return []

    def receive(self, limit: int, visibility_seconds: int) -> list[ReceivedMessage]:
        def received() -> list[ReceivedMessage]:
            taken = [self.take(message, visibility_seconds) for message in self.visible[:limit]]
            return [each for each in taken if each is not None]

        return self._call("receive", received)

    def acknowledge(self, receipt_handle: str) -> None:
        self._call("acknowledge", lambda: self.messages.pop(int(receipt_handle), None))

    def defer(self, receipt_handle: str, seconds: float) -> None:
        def deferred() -> None:
            message = self.messages.get(int(receipt_handle))
            if message is not None:
                message.visible_at = self._now() + timedelta(seconds=seconds)

        self._call(f"defer {seconds:.0f} s", deferred)

    def depth(self) -> QueueDepth:
        visible = len(self.visible)
        return self._call("depth", lambda: QueueDepth(visible, len(self.messages) - visible, 0))

    def _put_all(self, bodies: Sequence[str]) -> None:
        for body in bodies:
            self.put(body)

    def _call[Answer](self, verb: str, call: Callable[[], Answer]) -> Answer:
        fate = before(f"{self._name}: {verb}")
        if fate in {Fate.FAILS, Fate.VANISHES}:
            raise SourceUnavailableError(f"{self._name}: could not {verb}")
        answer = call()
        if fate is Fate.ANSWER_IS_LOST:
            raise SourceUnavailableError(f"{self._name}: no answer to {verb}")
        return answer
