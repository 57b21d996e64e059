"""How a worker comes by each of the named points: what there is to do, and who does it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.faults.arena import Arena, Uploaded
from tests.faults.doom import Doom
from tests.faults.event_source import EventSource, Invocations
from tests.faults.settling import let_time_pass
from tests.faults.workers import Worker, Workers

ENTRIES = 24
"""Four chunks."""

OLD_MONTH = 30
"""So many months back there is no partition: such rows wait in the default one."""


@dataclass
class Scenarios:
    """Each brings about its situation and starts the worker that is to meet its doom in it."""

    arena: Arena
    workers: Workers
    rng: random.Random
    seen: Invocations = field(default_factory=Invocations)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _place: str = ""

    def start(self, scenario: str, doom: Doom) -> Worker:
        """The keys of its objects say where the worker ends, for whoever reads a bad verdict."""
        self._place = f"{scenario}, {doom.point}".replace(" ", "_")
        ways: dict[str, Callable[[Doom], Worker]] = {
            "load": self._load,
            "replace": self._replace,
            "short of time": self._short_of_time,
            "fail": self._fail,
            "due": self._due,
            "discover": self._discover,
            "dead letter": self._dead_letter,
            "move a month": self._move_a_month,
            "reload": self._reload,
            "run": self._run,
        }
        return ways[scenario](doom)

    def finish(self) -> None:
        """What was gone is uploaded anew, so that all there is can be loaded."""
        for key in self.arena.current():
            if key.startswith("fail"):
                self.arena.notify(self.arena.upload(key, ENTRIES, self.rng))

    def _load(self, doom: Doom) -> Worker:
        return self._handler(doom, self._upload())

    def _replace(self, doom: Doom) -> Worker:
        old = self._upload()
        self._loaded(old)
        return self._handler(doom, self._upload(old.key))

    def _short_of_time(self, doom: Doom) -> Worker:
        """A chunk, and the file is sent on."""
        return self._handler(doom, self._upload(), is_short=True)

    def _fail(self, doom: Doom) -> Worker:
        """The object is gone when it is read."""
        gone = self._upload(notify=False)
        self.arena.s3.delete_object(Bucket=self.arena.name, Key=gone.key)
        self.arena.notify(gone)
        named: list[dict[str, Any]] = []
        while not named:
            batch = EventSource(self.arena, self.seen).receive()
            named = [message for message in batch if gone.etag in message["body"]]
        worker = self.workers.fork("serve", doom=doom)
        worker.ask({"Records": named}, seconds=30)
        return worker

    def _due(self, doom: Doom) -> Worker:
        """A worker died with its claim, and the message is lost."""
        file = self._upload(notify=False)
        with self.workers.worker("serve", doom=Doom("after COMMIT of advance")) as dying:
            dying.ask(self.arena.event(file), seconds=30)
            dying.ended.wait(60)
        with self.arena.connect() as connection:
            connection.execute(
                "UPDATE processed_files SET lease_expires_at = clock_timestamp() WHERE s3_key = %s",
                (file.key,),
            )
        return self._sweeper(doom)

    def _discover(self, doom: Doom) -> Worker:
        self._upload(notify=False)
        return self._sweeper(doom)

    def _dead_letter(self, doom: Doom) -> Worker:
        file = self._upload(notify=False)
        body = self.arena.event(file)["Records"][0]["body"]
        self.arena.sqs.send_message(QueueUrl=self.arena.dlq_url, MessageBody=body)
        return self._sweeper(doom)

    def _move_a_month(self, doom: Doom) -> Worker:
        number = next(self._numbers)
        months = (OLD_MONTH + number, OLD_MONTH + number)
        self._loaded(self.arena.upload(self._key(number), ENTRIES, self.rng, months=months))
        return self._sweeper(doom)

    def _reload(self, doom: Doom) -> Worker:
        file = self._upload()
        self._loaded(file)
        return self.workers.fork("command", "reload", file.key, doom=doom)

    def _run(self, doom: Doom) -> Worker:
        self._upload()
        return self.workers.fork("command", "run", "--bucket", self.arena.name, doom=doom)

    def _upload(self, key: str | None = None, *, notify: bool = True) -> Uploaded:
        uploaded = self.arena.upload(key or self._key(next(self._numbers)), ENTRIES, self.rng)
        if notify:
            self.arena.notify(uploaded)
        return uploaded

    def _key(self, number: int) -> str:
        return f"{self._place}/{number:03}.json.gz"

    def _loaded(self, *uploaded: Uploaded) -> None:
        with self.workers.worker("serve") as worker:
            worker.ask(self.arena.event(*uploaded), seconds=30)
            EventSource(self.arena, self.seen).answer(worker)

    def _handler(self, doom: Doom, *uploaded: Uploaded, is_short: bool = False) -> Worker:
        worker = self.workers.fork("serve", doom=doom)
        worker.ask(self.arena.event(*uploaded), seconds=30, is_short=is_short)
        return worker

    def _sweeper(self, doom: Doom) -> Worker:
        let_time_pass(self.arena)
        worker = self.workers.fork("sweep", doom=doom)
        worker.ask({}, seconds=30)
        return worker
