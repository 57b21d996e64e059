"""One pass over a bucket without a queue: the ledger is the queue, and its claims let any number run side by side.

enter --> what a listing has seen and the ledger hasn't heard of becomes PENDING, before the first of it is loaded
load --> pending, failed and stuck files of the ledger, the oldest upload first, by one process or several
reconcile --> now and then everything is listed, entered and loaded the same way
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, assert_never

from ingestor.api import FileResult
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.discovery import Step
from ingestor.errors import ErrorKind, SourceMissingError, SourceUnavailableError
from ingestor.ingest import AlreadyLoaded, Failed, HandedOn, HeldElsewhere, Loaded
from ingestor.run import work
from ingestor.run.loaders import InProcess, Loaders, Processes
from ingestor.run.work import RunContext, Wanted

__all__ = [
    "FileFailure",
    "Found",
    "InProcess",
    "Loaders",
    "Pass",
    "Processes",
    "Reporter",
    "RunContext",
    "Wanted",
    "run_once",
    "survey",
]


@dataclass(frozen=True, slots=True)
class FileFailure:
    uri: str
    kind: str
    error: str


@dataclass(slots=True)
class Pass:
    """What one pass did; it grows while the pass goes on.

    `listed` objects were seen, `entered` of them new to the ledger or other than it knew. `held`: another worker has
    them; `stopped`: given back. `failures`: by their files.
    """

    listed: int = 0
    entered: int = 0
    loaded: int = 0
    rows: int = 0
    rejected: int = 0
    already_loaded: int = 0
    held: int = 0
    stopped: int = 0
    failures: dict[str, FileFailure] = field(default_factory=dict)

    @property
    def files(self) -> int:
        return self.loaded + self.already_loaded + self.held + self.stopped + len(self.failures)

    def add_step(self, step: Step) -> list[FileFailure]:
        """Its new failures: objects that can't be entered are told, and nobody else would."""
        self.listed += step.listed
        self.entered += len(step.unknown) + len(step.replaced)
        return [
            self._failed(each.uri, ErrorKind.PERMANENT, str(each))
            for each in step.unusable
            if each.uri not in self.failures
        ]

    def add(self, result: FileResult) -> FileFailure | None:
        """Its failure, if that is what it is. A file may come again, and be loaded then."""
        self.failures.pop(result.file.uri, None)
        match result.outcome:
            case Loaded(rows_loaded=rows, rows_rejected=rejected):
                self.loaded += 1
                self.rows += rows
                self.rejected += rejected
            case AlreadyLoaded():
                self.already_loaded += 1
            case HeldElsewhere():
                self.held += 1
            case HandedOn():
                self.stopped += 1
            case Failed(kind=kind, error=error):
                return self._failed(result.file.uri, kind, error)
            case _:
                assert_never(result.outcome)
        return None

    def _failed(self, uri: str, kind: ErrorKind, error: str) -> FileFailure:
        self.failures[uri] = failure = FileFailure(uri, kind.value, error)
        return failure


class Reporter(Protocol):
    """Whom a pass reports to while it goes on."""

    def progressed(self, done: Pass, /) -> None:
        """After each file, and each step of a listing."""
        ...

    def failed(self, failure: FileFailure, /) -> None: ...


def run_once(
    context: RunContext,
    wanted: Wanted,
    loaders: Loaders,
    reporter: Reporter,
    deadline: Deadline = UNLIMITED,
) -> Pass:
    """What the ledger has to do is loaded, even if the bucket can't be listed.

    Raises DatabaseUnavailableError, SchemaError, SourceMissingError for a missing bucket, SourceUnavailableError.
    """
    done = Pass()
    trouble: SourceMissingError | SourceUnavailableError | None = None
    for enter in (work.enter_recent, work.reconcile):
        try:
            entered = _enter(enter(context, wanted, lambda: not deadline.is_near()), done, reporter)
        except (SourceMissingError, SourceUnavailableError) as error:
            trouble, entered = error, 0
        if entered or enter is work.enter_recent:
            _load(loaders.load(work.due(context, wanted)), done, reporter)
        if trouble is not None:
            raise trouble
    return done


def _enter(steps: Iterator[Step], done: Pass, reporter: Reporter) -> int:
    """How many files were entered."""
    before = done.entered
    for step in steps:
        for failure in done.add_step(step):
            reporter.failed(failure)
        reporter.progressed(done)
    return done.entered - before


def _load(results: Iterator[FileResult], done: Pass, reporter: Reporter) -> None:
    for result in results:
        failure = done.add(result)
        if failure is not None:
            reporter.failed(failure)
        reporter.progressed(done)


@dataclass(frozen=True, slots=True)
class Found:
    """What a pass would load; `new_bytes` as they are stored."""

    due_files: int
    new_files: int
    new_bytes: int


def survey(context: RunContext, wanted: Wanted) -> Found:
    """Changes nothing. Raises as `run_once` does."""
    due_files = sum(1 for _ in work.due(context, wanted))
    new_files = new_bytes = 0
    for step in work.survey(context, wanted):
        new = step.oldest_first
        new_files += len(new)
        new_bytes += sum(file.size_bytes or 0 for file in new)
    return Found(due_files, new_files, new_bytes)
