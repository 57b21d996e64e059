"""An honest Lambda event source mapping: batches, partial responses, and no message forgotten for a worker that died.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.faults.arena import REGION, Arena
from tests.faults.workers import Worker

BATCH = 10
FUNCTION_SECONDS = 30.0


@dataclass
class Invocations:
    """What became of them. `overdue`: the function's time-out killed the worker, as Lambda would."""

    answered: int = 0
    died: int = 0
    overdue: int = 0
    errors: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)


class EventSource:
    """One of the mapping's pollers. `seconds` is the function's time-out."""

    def __init__(self, arena: Arena, seen: Invocations, *, seconds: float = FUNCTION_SECONDS) -> None:
        self._arena = arena
        self._seen = seen
        self.seconds = seconds

    def receive(self) -> list[dict[str, Any]]:
        got = self._arena.sqs.receive_message(
            QueueUrl=self._arena.queue_url, MaxNumberOfMessages=BATCH, AttributeNames=["All"]
        ).get("Messages", [])
        return [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:{self._arena.name}",
                "awsRegion": REGION,
            }
            for message in got
        ]

    def poll(self, worker: Worker, meanwhile: Callable[[], None] = lambda: None) -> int:
        """How many messages there were; `meanwhile` is called once the worker has them."""
        batch = self.receive()
        if batch:
            worker.ask({"Records": batch}, seconds=self.seconds)
            meanwhile()
            self.settle(batch, self.answer(worker))
        return len(batch)

    def tick(self, sweeper: Worker, meanwhile: Callable[[], None] = lambda: None) -> dict[str, Any] | None:
        """What the schedule does; None: the sweeper died, or failed."""
        sweeper.ask({}, seconds=self.seconds)
        meanwhile()
        return self.answer(sweeper)

    def answer(self, worker: Worker) -> dict[str, Any] | None:
        """None: the worker died, by whatever hand."""
        try:
            said = worker.channel.receive(self.seconds)
        except TimeoutError:
            self._seen.overdue += 1
            worker.kill()
            return None
        if said is None:
            self._seen.died += 1
            return None
        self._seen.strays += said["strays"]
        if "error" in said:
            self._seen.errors.append(said["error"])
            return None
        self._seen.answered += 1
        answer: dict[str, Any] = said["answer"]
        return answer

    def settle(self, batch: list[dict[str, Any]], answer: dict[str, Any] | None) -> None:
        """What isn't deleted comes again when its visibility ends."""
        if answer is None:
            return
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        done = [message for message in batch if message["messageId"] not in failed]
        if done:
            self._arena.sqs.delete_message_batch(
                QueueUrl=self._arena.queue_url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["receiptHandle"]}
                    for number, message in enumerate(done)
                ],
            )
