"""The service's processes as threads that stop before each thing they do to the outside, until the model lets them.

Only one of them moves at a time, so that a run is decided by the model's choices alone. One that waits for a lock in
the database counts as standing still: it moves when whoever holds the lock does.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import psycopg

from ingestor.deadline import RESERVE_SECONDS, Deadline

AT_MOST_SECONDS = 60
"""Of real time, for one step: more, and something waits that nothing in the model can end."""

type AnyConnection = psycopg.Connection[Any]


class Fate(Enum):
    """What becomes of the next thing that a process does to the outside."""

    GO_ON = auto()
    FAILS = auto()
    """Nothing is done, and the process hears of it."""
    ANSWER_IS_LOST = auto()
    """It is done, and the process hears of a failure."""
    VANISHES = auto()
    """As FAILS, and the other end doesn't notice: a database session stays as it was. Elsewhere the same as FAILS."""
    PROCESS_DIES = auto()


class ProcessKilledError(BaseException):
    """Raised in the thread of a killed process. No `except Exception` hears it, and what still runs does nothing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a transaction, in seconds; 0: none. The database would enforce them; here the model's clock does."""

    lock: float
    idle_in_transaction: float
    transaction: float

    @property
    def of_a_sleeper(self) -> float | None:
        """After how long the database ends a transaction whose client says nothing; None: never."""
        return min((limit for limit in (self.idle_in_transaction, self.transaction) if limit), default=None)


class Process(threading.Thread):
    """`next_step` is what it would do next, `statement` the last that it spoke of, `connection` the last it used."""

    def __init__(self, name: str, work: Callable[[], object], *, freely: bool = False) -> None:
        super().__init__(name=name, daemon=True)
        self.next_step = "begin"
        self.statement = ""
        self.connection: AnyConnection | None = None
        self.limits: Limits | None = None
        self.is_paused = False
        self.is_killed = False
        self.is_frozen = False
        self.has_ended = False
        self.is_short_of_time = False
        self.gives_up_waiting = False
        self.runs_freely = freely
        self.outcome: object = None
        self.error: Exception | None = None
        self._work = work
        self._fate: Fate | None = None
        self._turn = threading.Condition()

    def run(self) -> None:
        try:
            self.outcome = self._work()
        except ProcessKilledError:
            pass
        except Exception as error:  # noqa: BLE001 - kept for the model, which judges it
            self.error = error
        finally:
            with self._turn:
                self.has_ended = True
                self._turn.notify_all()

    @property
    def whereabouts(self) -> str:
        """In words."""
        if self.has_ended:
            return f"has ended: {self.error or self.outcome or 'done'}"
        return f"{'stands before' if self.is_paused else 'waits for a lock in'}: {self.next_step}"

    def remaining_seconds(self) -> float:
        """For a `Deadline`: near, or never."""
        return RESERVE_SECONDS / 2 if self.is_short_of_time else float("inf")

    def pause(self, step: str) -> Fate:
        """In the process' own thread: stands still until `go`. Raises ProcessKilledError."""
        with self._turn:
            self.next_step = step
            if not self.is_killed and not self.runs_freely:
                self.is_paused = True
                self._turn.notify_all()
                self._turn.wait_for(lambda: self._fate is not None)
                self.is_paused = False
            fate, self._fate = self._fate or Fate.GO_ON, None
        if fate is Fate.PROCESS_DIES:
            self.is_killed = True
        if self.is_killed:
            raise ProcessKilledError
        return fate

    def go(self, fate: Fate) -> None:
        with self._turn:
            assert self.is_paused, f"{self.name} is not to be told"
            self._fate = fate
            self.is_paused = False
            self._turn.notify_all()

    def stands_still(self, within_seconds: float) -> bool:
        with self._turn:
            return self._turn.wait_for(lambda: self.is_paused or self.has_ended, within_seconds)


def current_process() -> Process | None:
    """None: the model's own thread."""
    thread = threading.current_thread()
    return thread if isinstance(thread, Process) else None


def own_deadline() -> Deadline:
    """Of the process that asks."""
    process = current_process()
    assert process is not None
    return Deadline(process.remaining_seconds)


def before(step: str) -> Fate:
    """Where a process is about to do something to the outside."""
    process = current_process()
    return Fate.GO_ON if process is None else process.pause(step)
