"""How one file is loaded: claim it, load it chunk by chunk, and end with an answer.

claim --held, completed, failed for good--> answer
  `--another version--> HEAD the key --current--> take its place
  `--ours--> load --last chunk--> Loaded
               |--short of time--> Continued
               |--another has it--> HeldElsewhere
               `--error--> Failed, in the ledger too
"""

from dataclasses import replace
from typing import assert_never

from ingestor import ledger
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import DuplicateRowError, ErrorKind, ServiceUnavailableError, TransactionFailedError
from ingestor.ingest.loading import Loading
from ingestor.ingest.outcome import (
    AlreadyLoaded,
    Continued,
    Failed,
    FileResult,
    HeldElsewhere,
    Loaded,
    Outcome,
)
from ingestor.ingest.worker import Worker, give_back_abandoned
from ingestor.model.source_file import SourceFile

__all__ = [
    "AlreadyLoaded",
    "Continued",
    "Failed",
    "FileResult",
    "HeldElsewhere",
    "Loaded",
    "Outcome",
    "Worker",
    "ingest",
]

MAX_ROUNDS = 10
"""So often the ledger row may change under this worker; after that, the message comes again."""


def ingest(file: SourceFile, worker: Worker, deadline: Deadline = UNLIMITED) -> Outcome:
    """Loads one object, or what is left of it, or says why not.

    Raises DatabaseUnavailableError and SchemaError: they are nobody's file's fault, and every other file's too.
    """
    loaded: Loaded | None = None
    for _ in range(MAX_ROUNDS):
        try:
            outcome = _one_round(_with_etag(file, worker), worker, deadline)
        except (ServiceUnavailableError, TransactionFailedError) as error:
            return Failed(
                ErrorKind.TRANSIENT, str(error) if file.uri in str(error) else f"{file.uri}: {error}"
            )
        if isinstance(outcome, Loaded) and outcome.newer_waits:
            loaded = replace(outcome, newer_waits=False)
        elif loaded is not None and isinstance(outcome, AlreadyLoaded | HeldElsewhere):
            return loaded  # what waited was stale, or is another worker's
        elif outcome is not None:
            return outcome
    return Failed(ErrorKind.TRANSIENT, f"{file.uri}: its ledger row kept changing; tried {MAX_ROUNDS} times")


def _with_etag(file: SourceFile, worker: Worker) -> SourceFile:
    """A message may not say which bytes it speaks of; its key does."""
    return file if file.etag is not None else worker.source.current(file) or file


def _one_round(file: SourceFile, worker: Worker, deadline: Deadline) -> Outcome | None:
    """None: something changed meanwhile; ask again. Raises ServiceUnavailableError, TransactionFailedError."""
    answer = _claim(file, worker)
    if isinstance(answer, ledger.AnotherVersion):
        return _look_at_key(answer, worker, deadline)
    return _act_on(answer, worker, deadline)


def _act_on(answer: ledger.ClaimAnswer, worker: Worker, deadline: Deadline) -> Outcome | None:
    match answer:
        case ledger.Claim():
            return Loading(worker, answer, deadline).run()
        case ledger.AlreadyCompleted(newer_skipped=newer_skipped):
            return AlreadyLoaded(newer_skipped=newer_skipped)
        case ledger.HeldByWorker():
            return HeldElsewhere()
        case ledger.FailedPermanently(error=reason):
            return Failed(ErrorKind.PERMANENT, reason)
        case ledger.AnotherVersion() | ledger.Changed():
            return None
        case _:
            assert_never(answer)


def _claim(file: SourceFile, worker: Worker) -> ledger.ClaimAnswer:
    with worker.stage("claim"):
        return _claim_now(file, worker)


def _claim_now(file: SourceFile, worker: Worker) -> ledger.ClaimAnswer:
    give_back_abandoned(worker)
    with worker.database.transaction() as connection:
        ledger.evict_expired_worker(connection, file)
    try:
        with worker.database.transaction(lock_timeout=worker.lock_timeout_seconds) as connection:
            return ledger.claim(
                connection,
                file,
                lease_seconds=worker.settings.lease_seconds,
                max_attempts=worker.settings.max_attempts,
                skip_newer=worker.skip_newer,
            )
    except DuplicateRowError:
        # Another index than the one ON CONFLICT names refused the row: its other claimer was a moment quicker.
        return ledger.Changed()


def _look_at_key(other: ledger.AnotherVersion, worker: Worker, deadline: Deadline) -> Outcome | None:
    """Only what the key holds now is ever loaded; any other notification is stale."""
    current = worker.source.current(other.in_hand)
    if current is None or current.etag == other.in_hand.etag:
        with worker.database.transaction(lock_timeout=worker.lock_timeout_seconds) as connection:
            ledger.forget_announced_version(
                connection, file_id=other.file_id, version=other.version, announcements=other.announcements
            )
        return _act_on(_claim(other.in_hand, worker), worker, deadline)
    with worker.database.transaction(lock_timeout=worker.lock_timeout_seconds) as connection:
        claim = ledger.claim_for_replacement(
            connection, other, current, lease_seconds=worker.settings.lease_seconds
        )
    if claim is None:
        return None
    return Loading(worker, claim, deadline, replacement=current).run()
