"""What a pass did, and the reporter that it calls while it goes on."""

from dataclasses import dataclass, field
from typing import Protocol, assert_never

from ingestor.discovery import Step
from ingestor.errors import ErrorKind
from ingestor.ingest import AlreadyLoaded, Continued, Failed, FileResult, HeldElsewhere, Loaded
from ingestor.outage import OutageReporter


@dataclass(frozen=True, slots=True)
class FileFailure:
    """`retry_in_seconds`: None for a permanent one."""

    uri: str
    kind: str
    error: str
    retry_in_seconds: float | None = None


@dataclass(slots=True)
class Pass:
    """The counts of a pass so far.

    `listed` objects were seen, `entered` of them new to the ledger or other than it knew. `held`: another worker has
    them; `stopped`: given back. `failures`: by their files. `died`: loading processes whose files went on in others.
    """

    listed: int = 0
    entered: int = 0
    loaded: int = 0
    rows: int = 0
    rejected: int = 0
    already_loaded: int = 0
    held: int = 0
    stopped: int = 0
    died: int = 0
    failures: dict[str, FileFailure] = field(default_factory=dict)

    @property
    def files(self) -> int:
        return self.loaded + self.already_loaded + self.held + self.stopped + len(self.failures)

    def add_step(self, step: Step) -> list[FileFailure]:
        """Adds a step, and returns its new failures: the objects that can't be entered."""
        self.listed += step.listed
        self.entered += len(step.unknown) + len(step.replaced)
        return [
            self._fail(FileFailure(each.uri, ErrorKind.PERMANENT.value, str(each)))
            for each in step.unusable
            if each.uri not in self.failures
        ]

    def add(self, result: FileResult) -> FileFailure | None:
        """Adds a file's result, and returns its failure if it failed. A file may come again, and be loaded then."""
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
            case Continued():
                self.stopped += 1
            case Failed(kind=kind, error=error, retry_in_seconds=retry_in):
                return self._fail(FileFailure(result.file.uri, kind.value, error, retry_in))
            case _:
                assert_never(result.outcome)
        return None

    def retries_within(self, seconds: float) -> list[float]:
        """The seconds until files with a transient failure are due again, as far as that is within the limit."""
        waits = (each.retry_in_seconds for each in self.failures.values())
        return [wait for wait in waits if wait is not None and wait <= seconds]

    def _fail(self, failure: FileFailure) -> FileFailure:
        self.failures[failure.uri] = failure
        return failure


class Reporter(OutageReporter, Protocol):
    def progressed(self, done: Pass, /) -> None:
        """After each file, and each step of a listing."""
        ...

    def failed(self, failure: FileFailure, /) -> None: ...

    def loader_died(self, how: str, /) -> None: ...

    def looks_again(self, files: int, seconds: float, /) -> None:
        """So many files had a transient failure, and are loaded once more in so many seconds."""
        ...
