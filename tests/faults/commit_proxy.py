"""A proxy in front of PostgreSQL that knows a COMMIT when it sees one, and loses it, or its answer."""

from dataclasses import dataclass
from enum import Enum, auto

from tests.faults.proxy import Pair, Proxy
from tests.faults.wire import Frontend, Message


class Lost(Enum):
    """What becomes of the COMMIT of a chunk."""

    COMMIT = auto()
    """It never arrives, and the connection is reset."""
    ANSWER = auto()
    """It is done, and the connection reset before anybody hears of it."""
    COMMIT_IN_SILENCE = auto()
    """It never arrives, and the connection stays."""
    ANSWER_IN_SILENCE = auto()
    """It is done, nobody hears of it, and the connection stays."""
    LATE = auto()
    """It is done, and the answer comes long after the lease."""


DONE_WITHIN_SECONDS = 2.0


@dataclass
class _Reading:
    """Of one connection."""

    frontend: Frontend
    has_copied: bool = False


class CommitProxy(Proxy):
    """At the `at`-th COMMIT of a transaction that copied rows. `met`: how many times it happened."""

    def __init__(self, host: str, port: int, *, lost: Lost, at: int = 1, late_seconds: float = 0) -> None:
        super().__init__(host, port)
        self._lost = lost
        self._left = at
        self._late_seconds = late_seconds
        self._readings: dict[int, _Reading] = {}
        self._silent: set[int] = set()
        self.met = 0

    def forward(self, pair: Pair, data: bytes) -> None:
        if id(pair) in self._silent:
            return
        reading = self._readings.setdefault(id(pair), _Reading(Frontend()))
        # A client waits for COMMIT's answer: nothing follows it, and what comes before is whole.
        for message in reading.frontend.feed(data):
            if self._is_the_one(reading, message):
                self._lose(pair, message)
                return
            pair.server.sendall(message.data)

    def _is_the_one(self, reading: _Reading, message: Message) -> bool:
        reading.has_copied |= message.is_copy_data
        if not (message.is_commit and reading.has_copied):
            return False
        reading.has_copied = False
        self._left -= 1
        return self._left == 0

    def _lose(self, pair: Pair, commit: Message) -> None:
        self.met += 1
        match self._lost:
            case Lost.COMMIT:
                pair.reset()
            case Lost.COMMIT_IN_SILENCE:
                self._silent.add(id(pair))
            case Lost.ANSWER:
                pair.is_deaf = True
                pair.server.sendall(commit.data)
                pair.heard.wait(DONE_WITHIN_SECONDS)
                pair.reset()
            case Lost.ANSWER_IN_SILENCE:
                self._silent.add(id(pair))
                pair.is_deaf = True
                pair.server.sendall(commit.data)
            case Lost.LATE:
                pair.late_seconds = self._late_seconds
                pair.server.sendall(commit.data)
