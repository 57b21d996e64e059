"""A loading process takes files from its parent, answers with what became of them, and dies with its parent.

parent --> a file, or None: no more; a pipe at its end: the parent is gone
parent <-- its claim, signs of life, the outage it waits for, what became of the file
"""

import ctypes
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection

from ingestor import bootstrap, ledger
from ingestor.deadline import Deadline
from ingestor.errors import IngestorError
from ingestor.ingest import FileResult
from ingestor.model.source_file import SourceFile
from ingestor.outage import Patience
from ingestor.run.loaders import load_one
from ingestor.run.throttle import throttled
from ingestor.run.watching import ReadSoFar, reporting
from ingestor.settings import Settings

BEAT_SECONDS = 2.0
"""How often a process that has a file says that it is alive."""

STOPPING_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})
"""Blocked while a process starts: before its handlers are set, they would kill it."""

_PR_SET_PDEATHSIG = 1
"""https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html"""

_ORPHANED = 1


@dataclass(frozen=True, slots=True)
class ClaimInHand:
    """The claim a process holds; the parent gives it back if the process dies."""

    file_id: int
    version: int


@dataclass(frozen=True, slots=True)
class Alive:
    pass


@dataclass(frozen=True, slots=True)
class OutageBegan:
    why: str


@dataclass(frozen=True, slots=True)
class OutageEnded:
    seconds: float


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The process ended because an outage lasted too long, or the schema is wrong: other files would fail as well."""

    error: IngestorError


type Message = ClaimInHand | Alive | ReadSoFar | OutageBegan | OutageEnded | GaveUp | FileResult


def serve(
    pipe: "Connection[Message, SourceFile | None]",
    settings: Settings,
    rows_per_second: float | None,
    patience_seconds: float,
    parent_id: int,
) -> None:
    """Runs the process. Its parent stops it by None or SIGTERM; the chunk in hand is committed first."""
    mailbox = _Mailbox(pipe)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the parent says what it means
    signal.signal(signal.SIGTERM, lambda _number, _frame: mailbox.stop())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING_SIGNALS)
    _die_with(parent_id)
    mailbox.open()
    try:
        _load(mailbox, settings, rows_per_second, patience_seconds)
    except IngestorError as error:
        mailbox.send(GaveUp(error))


def _load(
    mailbox: "_Mailbox", settings: Settings, rows_per_second: float | None, patience_seconds: float
) -> None:
    deadline = Deadline(mailbox.remaining_seconds, reserve_seconds=1)
    patience = Patience(patience_seconds, deadline, mailbox)
    objects = bootstrap.store(settings)
    with closing(bootstrap.database(settings)) as database:
        worker = throttled(
            bootstrap.worker(
                database, reporting(objects, mailbox.send), settings, on_claim=mailbox.send_claim
            ),
            rows_per_second,
            deadline,
        )
        while (file := mailbox.next()) is not None:
            outcome = load_one(file, worker, deadline, patience, objects.answers)
            mailbox.answer(FileResult(file, outcome))


class _Mailbox:
    """The messages from and to the parent. A thread receives them, and sends signs of life while a file is in hand."""

    def __init__(self, pipe: "Connection[Message, SourceFile | None]") -> None:
        self._pipe = pipe
        self._sending = threading.Lock()
        self._files: queue.SimpleQueue[SourceFile | None] = queue.SimpleQueue()
        self._is_busy = False
        self._is_stopped = False

    def open(self) -> None:
        self.send(Alive())
        threading.Thread(target=self._listen, name="mailbox", daemon=True).start()

    def next(self) -> SourceFile | None:
        """The next file; None: there are no more."""
        file = self._files.get()
        if file is None or self._is_stopped:
            return None
        self._is_busy = True
        return file

    def answer(self, result: FileResult) -> None:
        self._is_busy = False
        self.send(result)

    def send(self, message: Message) -> None:
        try:
            with self._sending:
                self._pipe.send(message)
        except OSError:
            os._exit(_ORPHANED)

    def send_claim(self, claim: ledger.Claim) -> None:
        self.send(ClaimInHand(claim.file_id, claim.version))

    def outage_began(self, why: str, /) -> None:
        self.send(OutageBegan(why))

    def outage_ended(self, seconds: float, /) -> None:
        self.send(OutageEnded(seconds))

    def stop(self) -> None:
        """Safe in a signal handler: a flag, and a queue that may be written to at any point."""
        self._is_stopped = True
        self._files.put(None)

    def remaining_seconds(self) -> float:
        return 0 if self._is_stopped else float("inf")

    def _listen(self) -> None:
        while True:
            try:
                if not self._pipe.poll(BEAT_SECONDS):
                    if self._is_busy:
                        self.send(Alive())
                    continue
                file = self._pipe.recv()
            except (EOFError, OSError):
                os._exit(_ORPHANED)
            if file is None:
                self.stop()
            else:
                self._files.put(file)


def _die_with(parent_id: int) -> None:
    """Has the kernel kill this process when its parent dies. Where that can't be asked for, the closed pipe ends it."""
    if sys.platform == "linux":
        prctl: Callable[[int, int], int] = ctypes.CDLL(None, use_errno=True).prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_id:
        os._exit(_ORPHANED)  # it died before it could be watched
