"""Progress of `ingestor local`: a bar of bytes on a terminal, otherwise one line per file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ingestor.cli.support.terminal import messages, shown
from ingestor.cli.views.local_report import FileReport, LocalState

QUIET_ON_TERMINAL = {LocalState.LOADED, LocalState.ALREADY_LOADED}
"""The bar and the summary suffice for these."""


class LoadProgress:
    """Counts the stored (compressed) bytes of all files; the size of standard input is unknown.

    `is_quiet`: only what was not loaded is printed.
    """

    def __init__(
        self, console: Console, names: tuple[str, ...], progress: Progress | None, *, is_quiet: bool = False
    ) -> None:
        self._console = console
        self._is_quiet = is_quiet
        self._progress = progress
        self._sizes = {name: _size(name) for name in names}
        self._done = 0
        if progress is not None:
            self._task = progress.add_task("", total=sum(self._sizes[name] for name in names) or None)

    def begin(self, name: str) -> None:
        if self._progress is not None:
            label = "standard input" if name == "-" else Path(name).name
            self._progress.update(self._task, description=shown(label))

    def read_to(self, position: int) -> None:
        """`position`: how many stored bytes of the current file are read."""
        if self._progress is not None:
            self._progress.update(self._task, completed=self._done + position)

    def end(self, report: FileReport) -> None:
        if self._is_quiet and not report.state.is_left_to_load:
            return
        self._done += self._sizes[report.file]
        if self._progress is not None:
            self._progress.update(self._task, completed=self._done)
            if report.state in QUIET_ON_TERMINAL:
                return
        self._console.print(shown(f"ingestor: {report.line}"), soft_wrap=True)

    def note(self, text: str) -> None:
        """Of what goes on; a quiet command says nothing of it."""
        if not self._is_quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        self._console.print(shown(f"ingestor: {text}"), soft_wrap=True)


@contextmanager
def load_progress(names: tuple[str, ...], *, is_quiet: bool) -> Iterator[LoadProgress]:
    console = messages()
    if is_quiet or not console.is_terminal:
        yield LoadProgress(console, names, None, is_quiet=is_quiet)
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as progress:
        yield LoadProgress(console, names, progress)


def _size(name: str) -> int:
    try:
        return 0 if name == "-" else Path(name).stat().st_size
    except OSError:
        return 0
