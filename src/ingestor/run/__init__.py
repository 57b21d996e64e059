"""One pass over a bucket without a queue: the ledger is the queue, and its claims let any number run side by side.

due --> pending, failed and stuck files of the ledger, page by page
new --> listed from the most recent log on, the oldest first
each --> loaded right here, by one process or several
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from ingestor.api import FileResult
from ingestor.database import Database
from ingestor.ingest import AlreadyLoaded, Failed, HandedOn, HeldElsewhere, Loaded
from ingestor.run.finding import Wanted, due, new
from ingestor.run.loaders import InProcess, Loaders, Processes
from ingestor.s3_object import S3Objects
from ingestor.settings import Settings

__all__ = [
    "FileFailure",
    "Found",
    "InProcess",
    "Loaders",
    "Pass",
    "Processes",
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
    """What one pass did; it grows while the pass goes on. `held`: another worker has them; `stopped`: given back."""

    loaded: int = 0
    rows: int = 0
    rejected: int = 0
    already_loaded: int = 0
    held: int = 0
    stopped: int = 0
    failures: list[FileFailure] = field(default_factory=list)

    @property
    def files(self) -> int:
        return self.loaded + self.already_loaded + self.held + self.stopped + len(self.failures)

    def add(self, result: FileResult) -> None:
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
                self.failures.append(FileFailure(result.file.uri, kind.value, error))
            case _:
                assert_never(result.outcome)


def run_once(
    wanted: Wanted,
    *,
    database: Database,
    objects: S3Objects,
    settings: Settings,
    loaders: Loaders,
    tell: Callable[[Pass], None],
) -> Pass:
    """`tell` is called after each file.

    Raises DatabaseUnavailableError, SchemaError, SourceMissingError for a missing bucket, SourceUnavailableError.
    """
    done = Pass()
    for find in (due, new):
        for result in loaders.load(find(wanted, database, objects, settings)):
            done.add(result)
            tell(done)
    return done


@dataclass(frozen=True, slots=True)
class Found:
    """What a pass would load; `new_bytes` as they are stored."""

    due_files: int
    new_files: int
    new_bytes: int


def survey(wanted: Wanted, *, database: Database, objects: S3Objects, settings: Settings) -> Found:
    """Changes nothing. Raises as `run_once` does."""
    due_files = sum(1 for _ in due(wanted, database, objects, settings))
    new_files = new_bytes = 0
    for file in new(wanted, database, objects, settings):
        new_files += 1
        new_bytes += file.size_bytes or 0
    return Found(due_files, new_files, new_bytes)
