"""Everything at once, for a while: uploads, workers, sweepers and commands, killed and frozen at any moment."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.faults.arena import LEASE_SECONDS, Arena, Uploaded
from tests.faults.corpus import MONTHS
from tests.faults.doom import ANY_POINT, Doom
from tests.faults.event_source import EventSource, Invocations
from tests.faults.points import POINTS
from tests.faults.scale import SCALE
from tests.faults.timers import Timers
from tests.faults.workers import Worker, Workers

POLLERS = 3
PROGRAMS = 0.1
"""Of the `run`s: a fork costs milliseconds, a program a second."""

FREEZES = 0.06
"""Of all ends: one takes as long as forty kills."""

MOST_WAITING = 60
"""Messages: an uploader that waits for its readers keeps the storm about the readers."""


type Job = Callable[[random.Random], None]


@dataclass
class Tally:
    """What the storm did; several threads count."""

    kills: Counter[str] = field(default_factory=Counter)
    freezes: int = 0
    uploads: int = 0
    overwrites: int = 0
    lost_notifications: int = 0
    seen: Invocations = field(default_factory=Invocations)
    troubles: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def killed(self) -> int:
        return self.kills.total()

    def figures(self) -> dict[str, Any]:
        return {
            "kills": self.killed,
            "by_role": dict(self.kills),
            "freezes": self.freezes,
            "uploads": self.uploads,
            "overwrites": self.overwrites,
            "lost_notifications": self.lost_notifications,
        }

    def count_kill(self, role: str) -> None:
        with self.lock:
            self.kills[role] += 1


@dataclass(frozen=True, slots=True)
class Plan:
    """`kills` and `seconds` end the storm, whichever comes first."""

    kills: int
    seconds: float
    overwrites: float = 0.06
    lost: float = 0.04
    doubled: float = 0.06
    months: bool = True


class Storm:
    def __init__(
        self, arena: Arena, workers: Workers, plan: Plan, purpose: str, *, weather: Job | None = None
    ) -> None:
        """`weather` is called again and again: what else befalls everybody."""
        self._arena = arena
        self._workers = workers
        self._plan = plan
        self._purpose = purpose
        self._weather = weather
        self._began = time.monotonic()
        self._is_over = threading.Event()
        self._timers = Timers()
        self.tally = Tally()

    def rage(self) -> Tally:
        """Until it has killed enough, or the time is up; then every worker is gone."""
        jobs: list[tuple[str, Job]] = [
            ("uploader", self._upload),
            *((f"poller {number}", self._poll) for number in range(POLLERS)),
            ("sweeper", self._sweep),
            ("run", self._run),
            ("operator", self._operate),
            *([("weather", self._weather)] if self._weather else []),
        ]
        threads = [threading.Thread(target=self._job, args=job, name=job[0]) for job in jobs]
        for thread in threads:
            thread.start()
        while not self._is_over.wait(0.1):
            if self.tally.killed >= self._plan.kills or self._elapsed() >= self._plan.seconds:
                self._is_over.set()
        for thread in threads:
            thread.join()
        self._timers.close()
        return self.tally

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _job(self, name: str, work: Job) -> None:
        rng = SCALE.rng(f"{self._purpose} {name}")
        try:
            while not self._is_over.is_set():
                work(rng)
        except Exception as error:  # noqa: BLE001 - a thread of the suite that dies is the suite's failure
            self.tally.troubles.append(f"{name}: {type(error).__name__}: {error}")
            self._is_over.set()

    # --- who brings work ---

    def _upload(self, rng: random.Random) -> None:
        for number in count(1):
            while not self._is_over.is_set() and self._arena.waiting(self._arena.queue_url) > MOST_WAITING:
                self._is_over.wait(0.05)
            if self._is_over.is_set():
                return
            key = f"app/{number:06}.json.gz"
            if number > 1 and rng.random() < self._plan.overwrites:
                key = f"app/{rng.randrange(1, number):06}.json.gz"
                self.tally.overwrites += key in self._arena.uploads
            uploaded = self._arena.upload(key, _size(rng), rng, months=self._months())
            self.tally.uploads += 1
            self._notify(uploaded, rng)

    def _notify(self, uploaded: Uploaded, rng: random.Random) -> None:
        chance = rng.random()
        if chance < self._plan.lost:
            self.tally.lost_notifications += 1
            return
        self._arena.notify(uploaded)
        if chance < self._plan.lost + self._plan.doubled:
            self._arena.notify(uploaded)

    def _months(self) -> tuple[int, int]:
        """Always new ones, so that partition maintenance always has a month to move."""
        if not self._plan.months:
            return (0, 2)
        reached = int(MONTHS * min(1, self._elapsed() / self._plan.seconds))
        return (reached, reached + 4)

    # --- who works, and how it ends ---

    def _poll(self, rng: random.Random) -> None:
        """The life of one worker behind the queue: some invocations, and then the end."""
        source = EventSource(self._arena, self.tally.seen, seconds=rng.choice((11.0, 13.0, 30.0)))
        with self._workers.worker("serve", doom=_some_doom(rng, POINTS)) as worker:
            for _ in range(rng.randrange(1, 4)):
                if not worker.is_alive or self._is_over.is_set():
                    break
                if not source.poll(worker, lambda: self._threaten(worker, rng, 0.2)):
                    self._is_over.wait(0.02)
            self._note_end(worker)

    def _sweep(self, rng: random.Random) -> None:
        source = EventSource(self._arena, self.tally.seen)
        with self._workers.worker("sweep", doom=_some_doom(rng, POINTS)) as worker:
            for _ in range(rng.randrange(1, 4)):
                if worker.is_alive and not self._is_over.is_set():
                    source.tick(worker, lambda: self._threaten(worker, rng, 0.4))
                    self._is_over.wait(0.05)
            self._note_end(worker)

    def _run(self, rng: random.Random) -> None:
        """`ingestor run`: in one process, or as the program that starts others."""
        is_program = rng.random() < PROGRAMS
        more = ("--workers", "2") if is_program else ()
        arguments = ("run", "--bucket", self._arena.name, "--every", "1s", *more)
        doom = None if is_program else _some_doom(rng, POINTS)
        with self._workers.worker("program" if is_program else "command", *arguments, doom=doom) as worker:
            self._is_over.wait(rng.uniform(0, 4.0 if is_program else 0.4))
            if rng.random() < FREEZES:
                self._freeze(worker, rng)
                self._is_over.wait(rng.uniform(0, 3 * LEASE_SECONDS))
            loaders = worker.loaders() if rng.random() < 0.5 else []
            if loaders and worker.kill_loader(rng.choice(loaders)):
                self.tally.count_kill("loader")
                self._is_over.wait(rng.uniform(0, 0.5))
            self._end(worker)

    def _operate(self, rng: random.Random) -> None:
        """What people do meanwhile: reload a file, retry, migrate."""
        keys = sorted(self._arena.current())
        if not keys:
            self._is_over.wait(0.1)
            return
        arguments = rng.choice((("reload", rng.choice(keys)), ("retry", "--failed"), ("migrate",)))
        with self._workers.worker("command", *arguments, doom=_some_doom(rng, POINTS)) as worker:
            if rng.random() < 0.5:
                self._is_over.wait(rng.uniform(0, 0.1))
                self._end(worker)
            else:
                worker.ended.wait(60)
                self._note_end(worker)
            self._is_over.wait(0.2)

    def _threaten(self, worker: Worker, rng: random.Random, longest: float) -> None:
        chance = rng.random()
        if chance < FREEZES:
            self._timers.after(rng.uniform(0, longest / 2), lambda: self._freeze(worker, rng))
        elif chance < 0.85:
            self._timers.after(rng.uniform(0, longest), worker.kill)

    def _freeze(self, worker: Worker, rng: random.Random) -> None:
        """Mostly past its lease: what it then finds is another worker's."""
        worker.freeze()
        self.tally.freezes += 1
        self._timers.after(rng.uniform(0, 2 * LEASE_SECONDS), worker.wake)

    def _end(self, worker: Worker) -> None:
        worker.kill()
        worker.ended.wait(60)
        self._note_end(worker)

    def _note_end(self, worker: Worker) -> None:
        """A channel that closed says that the worker is dying; its status comes a moment later."""
        if worker.is_alive:
            worker.end()
        if worker.was_killed:
            self.tally.count_kill(worker.role)


def _size(rng: random.Random) -> int:
    return rng.choice((1, 3, 10, 20, 40, 40, 150))


def _some_doom(rng: random.Random, points: tuple[str, ...]) -> Doom | None:
    chance = rng.random()
    if chance < 0.25:
        return Doom(rng.choice(points), rng.randrange(1, 4))
    if chance < 0.5:
        return Doom(ANY_POINT, int(rng.triangular(1, 120, 1)))
    return None
