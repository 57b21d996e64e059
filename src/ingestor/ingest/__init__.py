"""The story of one file: claim it, load it chunk by chunk, and end with an answer.

claim --held, completed, failed for good--> answer
  `--another version--> HEAD the key --current--> take its place
  `--ours--> load --last chunk--> Loaded
               |--short of time--> HandedOn
               |--another has it--> HeldElsewhere
               `--error--> Failed, in the ledger too
"""

from typing import assert_never

from ingestor import ledger
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import ClaimLostError, ErrorKind, SourceUnavailableError, TransactionFailedError
from ingestor.ingest.loading import Loading
from ingestor.ingest.outcome import (
    AlreadyLoaded,
    Failed,
    HandedOn,
    HeldElsewhere,
    Loaded,
    Outcome,
)
from ingestor.ingest.worker import Worker
from ingestor.source_file import SourceFile

__all__ = [
    "AlreadyLoaded",
    "Failed",
    "HandedOn",
    "HeldElsewhere",
    "Loaded",
    "Outcome",
    "Worker",
    "ingest",
]

MAX_ROUNDS = 10
"""A row that changes under every look is somebody else's hot potato: give it back to the queue."""


def ingest(file: SourceFile, worker: Worker, deadline: Deadline = UNLIMITED) -> Outcome:
    """Loads one object, or what is left of it, or says why not.

    Raises DatabaseUnavailableError and SchemaError: they are nobody's file's fault, and every other file's too.
    """
    for _ in range(MAX_ROUNDS):
        outcome = _one_round(file, worker, deadline)
        if outcome is not None:
            return outcome
    return Failed(ErrorKind.TRANSIENT, f"{file.uri}: its ledger row kept changing; tried {MAX_ROUNDS} times")


def _one_round(file: SourceFile, worker: Worker, deadline: Deadline) -> Outcome | None:
    """None: something changed meanwhile, or a newer version waits; ask again."""
    try:
        answer = _claim(file, worker)
        if isinstance(answer, ledger.AnotherVersion):
            answer = _take_current_version(answer, worker)
    except ClaimLostError:
        return None
    except (SourceUnavailableError, TransactionFailedError) as error:
        return Failed(ErrorKind.TRANSIENT, str(error) if file.uri in str(error) else f"{file.uri}: {error}")
    match answer:
        case ledger.Claim():
            return _unless_newer_waits(Loading(worker, answer, deadline).run())
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
    worker.give_back_abandoned()
    with worker.database.transaction() as connection:
        ledger.evict_expired_worker(connection, file)
    with worker.database.transaction(lock_timeout=worker.lock_timeout_seconds) as connection:
        return ledger.claim(
            connection,
            file,
            lease_seconds=worker.settings.lease_seconds,
            max_attempts=worker.settings.max_attempts,
            skip_newer=worker.skip_newer,
        )


def _take_current_version(other: ledger.AnotherVersion, worker: Worker) -> ledger.ClaimAnswer:
    """Only what the key holds now is ever loaded; any other notification is stale."""
    current = worker.source.current(other.in_hand)
    if current is None or current.etag == other.in_hand.etag:
        with worker.database.transaction() as connection:
            ledger.forget_announced_version(connection, file_id=other.file_id, version=other.version)
        return _claim(other.in_hand, worker)
    with worker.database.transaction() as connection:
        claim = ledger.claim_for_replacement(
            connection, file_id=other.file_id, version=other.version, current=current
        )
    return worker.adopt(claim, current) if claim else ledger.Changed()


def _unless_newer_waits(outcome: Outcome) -> Outcome | None:
    return None if isinstance(outcome, Loaded) and outcome.newer_waits else outcome
