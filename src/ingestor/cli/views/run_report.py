"""What `ingestor run` reports: progress and failures as they come, and a summary of each pass."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ingestor.cli.support.terminal import count, counted, duration, output, say, shown, table
from ingestor.run import FileFailure, Pass, ReadSoFar, RunScope

_FIRST_REPORT_SECONDS = 1.0
_REPORT_EVERY_SECONDS = 10.0
"""Between two reports at most; before the tenth second they come sooner."""
_TICK_SECONDS = 0.1


class RunReporter:
    """On standard error: a line now and then, one for each failure, and what goes on besides.

    The lines about progress are printed by a thread of their own, within `ticking`: one long file, or a chunk that
    takes its time, is no silence. `reading` may be called by any thread.
    """

    def __init__(self) -> None:
        self.done: Pass | None = None
        self._read: ReadSoFar | None = None
        self._began = time.monotonic()
        self._next_report_after = _FIRST_REPORT_SECONDS
        self._reported: str | None = None
        self._is_waiting = False

    @contextmanager
    def ticking(self) -> Iterator[None]:
        stopped = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(stopped,), name="progress", daemon=True)
        ticker.start()
        try:
            yield
        finally:
            stopped.set()
            ticker.join()

    def begin(self, scope: RunScope) -> None:
        """A pass begins. Later reports come at ever longer intervals."""
        self.done = self._read = self._reported = None
        self._began = time.monotonic()
        self._next_report_after = _FIRST_REPORT_SECONDS
        say(f"listing s3://{scope.bucket}/{scope.prefix}")

    def outage_began(self, why: str) -> None:
        self._is_waiting = True
        say(why)

    def outage_ended(self, seconds: float) -> None:
        self._is_waiting = False
        say(f"answering again after {duration(seconds)}")

    def loader_died(self, how: str) -> None:
        say(how)

    def looks_again(self, files: int, seconds: float) -> None:
        say(f"{counted(files, 'file')} failed; trying once more in {duration(seconds)}")

    def failed(self, failure: FileFailure) -> None:
        say(f"{failure.kind}: {failure.error}")

    def reading(self, read: ReadSoFar) -> None:
        self._read = read

    def progressed(self, done: Pass) -> None:
        self.done, self._read = done, None

    def _tick(self, stopped: threading.Event) -> None:
        while not stopped.wait(_TICK_SECONDS):
            seconds = time.monotonic() - self._began
            if self._is_waiting or seconds < self._next_report_after:
                continue
            self._next_report_after = seconds + min(seconds, _REPORT_EVERY_SECONDS)
            facts = progress_line(self.done, self._read)
            if facts is not None and facts != self._reported:
                self._reported = facts
                rows = self.done.rows if self.done else 0
                say(f"{facts}; {count(rows / seconds)} rows/s" if rows else facts)


def progress_line(done: Pass | None, read: ReadSoFar | None) -> str | None:
    """None while there is nothing to say yet."""
    if done is None:
        return None
    facts = (
        f"{counted(done.listed, 'object')} listed, {counted(done.files, 'file')}, {counted(done.rows, 'row')}"
    )
    if read is None:
        return facts
    size = "" if read.size_bytes is None else f" of {megabytes(read.size_bytes)}"
    return f"{facts}; reading {read.uri}: {megabytes(read.read_bytes)}{size}"


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def show_pass(done: Pass, seconds: float) -> None:
    """On standard output, when a pass has ended: what became of its files."""
    rows = table("", "files", numbers=frozenset({"files"}))
    for name, number in (
        ("loaded", done.loaded),
        ("already loaded", done.already_loaded),
        ("held by another worker", done.held),
        ("stopped; rerun to continue", done.stopped),
        ("failed, will be retried", sum(each.kind == "transient" for each in done.failures.values())),
        ("failed permanently", sum(each.kind == "permanent" for each in done.failures.values())),
    ):
        if number:
            rows.add_row(name, count(number))
    console = output()
    if done.files:
        console.print(rows)
    rate = f", {count(done.rows / seconds)} rows/s" if done.rows else ""
    console.print(
        shown(f"{counted(done.rows, 'row')}, {count(done.rejected)} rejected, in {duration(seconds)}{rate}")
        if done.files
        else f"nothing to load ({counted(done.listed, 'object')} listed)"
    )
