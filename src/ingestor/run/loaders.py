"""Loaders load a pass' files: this process does, or several others do (`processes`)."""

import traceback
from collections.abc import Callable, Iterator
from typing import Protocol

from ingestor.deadline import Deadline
from ingestor.errors import DatabaseUnavailableError, ErrorKind, SchemaError
from ingestor.ingest import Failed, FileResult, Outcome, Worker
from ingestor.ingest.outages import ingest_through_outages
from ingestor.model.source_file import SourceFile
from ingestor.outage import Patience

type Answers = Callable[[str], bool]
"""Whether S3 answers for a bucket."""


class Loaders(Protocol):
    @property
    def deaths(self) -> int:
        """How many loading processes died so far. Their files were loaded on by others."""
        ...

    def load(self, files: Iterator[SourceFile]) -> Iterator[FileResult]:
        """Loads files until there are no more, or a stop is asked for: then the claim in hand is released.

        Raises DatabaseUnavailableError for an outage longer than patience, and SchemaError.
        """
        ...


class InProcess:
    deaths = 0

    def __init__(self, worker: Worker, deadline: Deadline, patience: Patience, answers: Answers) -> None:
        self._worker = worker
        self._deadline = deadline
        self._patience = patience
        self._answers = answers

    def load(self, files: Iterator[SourceFile]) -> Iterator[FileResult]:
        for file in files:
            if self._deadline.is_near():
                return
            outcome = load_one(file, self._worker, self._deadline, self._patience, self._answers)
            yield FileResult(file, outcome)


def load_one(
    file: SourceFile, worker: Worker, deadline: Deadline, patience: Patience, answers: Answers
) -> Outcome:
    """Loads one file as `ingest` does, and waits for the end of outages of the database and of S3.

    Raises DatabaseUnavailableError when patience is at its end, and SchemaError.
    """
    while True:
        outcome = _ingest(file, worker, deadline, patience)
        if not (isinstance(outcome, Failed) and outcome.kind is ErrorKind.TRANSIENT):
            return outcome
        if answers(file.bucket) or not patience.until(lambda: answers(file.bucket), outcome.error):
            return outcome


def _ingest(file: SourceFile, worker: Worker, deadline: Deadline, patience: Patience) -> Outcome:
    """An unexpected exception fails this file alone. Its claim stays, and counts as a dead worker's."""
    try:
        return ingest_through_outages(file, worker, deadline, patience)
    except (DatabaseUnavailableError, SchemaError):
        raise
    except Exception as error:  # noqa: BLE001 - as said
        trace = "".join(traceback.format_exception(error)).rstrip()
        return Failed(ErrorKind.TRANSIENT, f"{file.uri}: unexpected failure\n{trace}")
