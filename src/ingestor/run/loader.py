"""One loading process as its parent sees it: it is started, given files, listened to, and reaped."""

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from ingestor.model.source_file import SourceFile
from ingestor.run.loading_process import STOPPING_SIGNALS, ClaimInHand, Message, serve
from ingestor.settings import Settings

ENDING_SECONDS = 5.0
"""How long a process may take to end after its last message."""


@dataclass(slots=True)
class Loader:
    """`file` and `claim` are what the process works on. `is_gone`: its pipe is closed, so it is dead or dying."""

    process: SpawnProcess
    pipe: "Connection[SourceFile | None, Message]"
    file: SourceFile | None = None
    claim: ClaimInHand | None = None
    heard_at: float = field(default_factory=time.monotonic)
    has_spoken: bool = False
    is_gone: bool = False
    _killed_because: str | None = None

    def give(self, file: SourceFile) -> None:
        self.file, self.claim, self.heard_at = file, None, time.monotonic()
        self._send(file)

    def ask_to_stop(self) -> None:
        self._send(None)

    def hear(self) -> Message | None:
        """Its next message; None: its pipe is closed."""
        try:
            message = self.pipe.recv()
        except (EOFError, OSError):
            self.is_gone = True
            return None
        self.heard_at, self.has_spoken = time.monotonic(), True
        return message

    def kill(self, why: str) -> None:
        self._killed_because = self._killed_because or why
        self.process.kill()

    def reap(self) -> None:
        self.pipe.close()
        self.process.join(ENDING_SECONDS)
        self.process.kill()
        self.process.join()

    @property
    def how_it_ended(self) -> str:
        """How the process ended; known once it is reaped."""
        if self._killed_because is not None:
            return self._killed_because
        code = self.process.exitcode or 0
        if code >= 0:
            return f"exit status {code}"
        hint = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
        return f"killed by signal {-code}{hint}"

    def _send(self, message: SourceFile | None) -> None:
        try:
            self.pipe.send(message)
        except OSError:
            self.is_gone = True


def start_loader(settings: Settings, rows_per_second: float | None, patience_seconds: float) -> Loader:
    context = multiprocessing.get_context("spawn")  # not fork: a child would share its parent's connections
    ours, theirs = context.Pipe()
    process = context.Process(
        target=serve, args=(theirs, settings, rows_per_second, patience_seconds, os.getpid()), daemon=True
    )
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING_SIGNALS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return Loader(process, ours)
