"""`ingestor local`: local files are loaded the same way as a bucket's objects."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import click

from ingestor import bootstrap, ledger
from ingestor.api import process_local_file, process_stream
from ingestor.cli.support.database_choice import chosen_database, environment_settings
from ingestor.cli.support.group import FAILED, Stopped, stopped_by
from ingestor.cli.support.stopping import StopRequest
from ingestor.cli.support.terminal import (
    count,
    counted,
    duration,
    json_option,
    output,
    print_json,
    say,
    shown,
    table,
)
from ingestor.cli.views.local_progress import LoadProgress, load_progress
from ingestor.cli.views.local_report import FileReport, LocalState, loaded_beginning, report, unopened
from ingestor.database import Database
from ingestor.errors import SourceMissingError, SourceUnavailableError, UnreadableError
from ingestor.ingest import FileResult
from ingestor.outage import Patience
from ingestor.routing import Router
from ingestor.settings import OnOverwrite, Settings
from ingestor.sources.local import SpooledInput

STANDARD_INPUT = "-"
WAIT_SECONDS = 300
"""How long an outage of a database is waited for."""

_NUMBERS = ("rows", "rejected", "seconds", "rows/s")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--replace", is_flag=True, help="Replace the rows of a file that changed since it was loaded.")
@click.option("-q", "--quiet", is_flag=True, help="Print only the files that failed.")
@json_option
def local(*, files: tuple[str, ...], replace: bool, quiet: bool, as_json: bool) -> None:
    """Load local log files; "-" is standard input.

    A file's format is told by its first bytes, or by a rule of ingestor.toml; `ingestor try` shows what would come of
    it. It may be compressed. Loading a file again changes nothing. A file that failed half-way continues where it
    stopped. If one file fails, the others are still loaded.

    Ctrl-C commits the current chunk and stops; rerun to continue. A second Ctrl-C stops at once: the file can then be
    loaded again when its claim expires, after LEASE_SECONDS (120).

    With --json: one line per file, with file, key, state, rows, rejected, seconds, rows_per_second, error, next.

    \b
    Examples:
      ingestor local my.json.gz
      ingestor local logs/*.gz
      kubectl logs my-pod | ingestor local -
    """
    if files.count(STANDARD_INPUT) > 1:
        raise click.UsageError("standard input can only be loaded once, but '-' is given twice")
    settings = environment_settings()
    if replace:
        settings = settings.model_copy(update={"on_overwrite": OnOverwrite.REPLACE})
    router = bootstrap.router(settings)
    reports: list[FileReport] = []
    stop = StopRequest()
    with chosen_database(settings, loads=True, is_quiet=quiet) as database:
        with database.transaction():
            pass  # One that never answered is rather a mistake in DB_* than an outage: said at once, not waited for.
        try:
            with load_progress(files, is_quiet=quiet) as progress:
                run = _LocalRun(database, settings, router, progress, stop)
                for file_report in run.reports(files):
                    reports.append(file_report)
                    if as_json and (not quiet or file_report.state.is_left_to_load):
                        print_json(file_report)
        finally:
            if reports and not as_json and not quiet:
                _summarise(reports)
    _exit(reports, files, stop)


def _summarise(reports: list[FileReport]) -> None:
    rows = table("file", "state", *_NUMBERS, numbers=frozenset(_NUMBERS))
    for each in reports:
        colour = "red" if each.state.is_failure else "green" if each.state is LocalState.LOADED else "yellow"
        rows.add_row(
            shown(each.file), f"[{colour}]{each.state}[/]", count(each.rows), count(each.rejected),
            f"{each.seconds:,.2f}", count(each.rows_per_second),
        )  # fmt: skip
    console = output()
    console.print(rows)
    if len(reports) > 1:
        states = Counter(each.state.value for each in reports)
        console.print(", ".join(f"{number:,} {state}" for state, number in states.items()))
    for each in reports:
        if each.summary_hint:
            console.print(shown(f"{each.file}: {each.summary_hint}"), soft_wrap=True)


def _exit(reports: list[FileReport], files: tuple[str, ...], stop: StopRequest) -> None:
    context = click.get_current_context()
    if stop.is_made:
        left = files[len(reports) :]
        if left:
            say(f"stopped; {counted(len(left), 'file')} not started. Rerun to continue")
        context.exit(stopped_by(stop.signal_number))
    if any(each.state.is_failure for each in reports):
        context.exit(FAILED)


class _LocalRun:
    def __init__(
        self,
        database: Database,
        settings: Settings,
        router: Router,
        progress: LoadProgress,
        stop: StopRequest,
    ) -> None:
        self._database = database
        self._settings = settings
        self._router = router
        self._progress = progress
        self._stop = stop
        # An embedded server that stopped is started by the next command only.
        seconds = WAIT_SECONDS if settings.names_a_database else 0
        self._patience = Patience(seconds, stop.deadline, self)

    def outage_began(self, why: str, /) -> None:
        self._progress.note(why)

    def outage_ended(self, seconds: float, /) -> None:
        self._progress.note(f"answering again after {duration(seconds)}")

    def reports(self, files: tuple[str, ...]) -> Iterator[FileReport]:
        """The reports come one by one, as the files end.

        Raises DatabaseUnavailableError and SchemaError, after which no other file would fare better.
        """
        for name in files:
            self._progress.begin(name)
            file_report = self._load_file(name)
            self._progress.end(file_report)
            yield file_report
            if self._stop.is_made:
                return

    def _load_file(self, name: str) -> FileReport:
        began = time.monotonic()
        try:
            result = self._ingest(name)
        except (SourceMissingError, SourceUnavailableError, UnreadableError) as error:
            return unopened(name, error, seconds=time.monotonic() - began)
        except (KeyboardInterrupt, Stopped):
            if self._stop.is_made:
                self._progress.warn(
                    f"{name}: stopped at once. Its claim expires {duration(self._settings.lease_seconds)} after its "
                    "last chunk; rerun then to continue"
                )
            raise
        seconds = time.monotonic() - began
        return self._patience.through(lambda: self._report(name, result, seconds))

    def _report(self, name: str, result: FileResult, seconds: float) -> FileReport:
        with self._database.transaction() as connection:
            return report(name, result, connection, seconds=seconds)

    def _ingest(self, name: str) -> FileResult:
        if name == STANDARD_INPUT:
            return self._ingest_standard_input()
        with self._stop:
            return process_local_file(
                name,
                settings=self._settings,
                database=self._database,
                deadline=self._stop.deadline,
                patience=self._patience,
                on_bytes=self._progress.read_to,
                router=self._router,
            )

    def _ingest_standard_input(self) -> FileResult:
        if sys.stdin.isatty():
            self._progress.note("reading standard input; end it with Ctrl-D")
        with ExitStack() as loading:

            def begin(_position: int) -> None:
                # Until the input is at its end nothing is claimed, and Ctrl-C ends the command at once.
                if not self._stop.is_watching:
                    loading.enter_context(self._stop)

            return process_stream(
                sys.stdin.buffer,
                settings=self._settings,
                database=self._database,
                deadline=self._stop.deadline,
                patience=self._patience,
                on_bytes=begin,
                on_spooled=self._warn_of_loaded_beginning,
                router=self._router,
            )

    def _warn_of_loaded_beginning(self, spooled: SpooledInput) -> None:
        """The same log, piped again when it has grown, is a new file: its first entries are loaded a second time."""
        with self._database.transaction() as connection:
            loaded = ledger.shorter_inputs(connection, spooled.file)
        keys = spooled.keys_of_beginnings(each.size_bytes for each in loaded)
        beginnings = [each for each, key in zip(loaded, keys, strict=True) if each.key == key]
        if beginnings:
            self._progress.warn(loaded_beginning(beginnings[-1]))
