"""What `ingestor run` reports: progress and failures as they come, and a summary of each pass."""

import time

from ingestor.cli.support.terminal import count, counted, duration, output, say, shown, table
from ingestor.run import FileFailure, Pass, RunScope

_FIRST_REPORT_SECONDS = 1.0
_REPORT_EVERY_SECONDS = 10.0
"""Between two reports at most; before the tenth second they come sooner."""


class RunReporter:
    """On standard error: a line now and then, one for each failure, and what goes on besides."""

    def __init__(self) -> None:
        self.done: Pass | None = None
        self._began = time.monotonic()
        self._next_report_after = _FIRST_REPORT_SECONDS

    def begin(self, scope: RunScope) -> None:
        """A pass begins. Later reports come at ever longer intervals."""
        self.done = None
        self._began = time.monotonic()
        self._next_report_after = _FIRST_REPORT_SECONDS
        say(f"listing s3://{scope.bucket}/{scope.prefix}")

    def outage_began(self, why: str) -> None:
        say(why)

    def outage_ended(self, seconds: float) -> None:
        say(f"answering again after {duration(seconds)}")

    def loader_died(self, how: str) -> None:
        say(how)

    def looks_again(self, files: int, seconds: float) -> None:
        say(f"{counted(files, 'file')} failed; trying once more in {duration(seconds)}")

    def failed(self, failure: FileFailure) -> None:
        say(f"{failure.kind}: {failure.error}")

    def progressed(self, done: Pass) -> None:
        self.done = done
        seconds = time.monotonic() - self._began
        if seconds < self._next_report_after:
            return
        self._next_report_after = seconds + min(seconds, _REPORT_EVERY_SECONDS)
        rate = done.rows / seconds
        say(
            f"{counted(done.listed, 'object')} listed, {counted(done.files, 'file')}, "
            f"{counted(done.rows, 'row')}, {count(rate)} rows/s"
        )


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
