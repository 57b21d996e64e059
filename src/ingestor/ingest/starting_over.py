"""A file from its first byte again: another version of its object, or another pipeline. One transaction each."""

from collections.abc import Callable
from functools import partial

from ingestor import ledger
from ingestor.database import UNLOADING
from ingestor.errors import ObjectSupersededError, PipelineConflictError, SourceMissingError
from ingestor.ingest.renewal import renewed_lease
from ingestor.ingest.worker import Worker
from ingestor.model.source_file import SourceFile
from ingestor.routing import Pipeline

MAX_VOIDS = 2
"""Pipelines may change while a file is loaded, as when a new one is deployed; in turns, they would never end."""


def take_current_version(
    worker: Worker, claim: ledger.Claim, superseded: ObjectSupersededError
) -> ledger.Claim:
    """What the key holds now, in place of the version in hand. Raises SourceMissingError, ClaimLostError."""
    current = worker.source.current(claim.file)
    if current is None:
        raise SourceMissingError(
            f"{claim.file.uri}: the object was deleted before it was loaded"
        ) from superseded
    return take_version(worker, claim, current)


def take_version(worker: Worker, claim: ledger.Claim, current: SourceFile) -> ledger.Claim:
    """Takes the old version's rows out and `current` in hand. Raises ClaimLostError."""
    taken = _unloaded(worker, claim, partial(ledger.adopt_version, current=current))
    worker.on_claim(taken)
    return taken


def start_over(worker: Worker, claim: ledger.Claim, pipeline: Pipeline) -> ledger.Claim:
    """Takes the rows out that came through another pipeline. Raises ClaimLostError, PipelineConflictError."""
    if claim.pipeline_voids >= MAX_VOIDS:
        raise PipelineConflictError(
            f"{claim.file.uri}: two configurations load it in turn, {claim.pipeline} and {pipeline.fingerprint}, and "
            "each voids what the other has loaded: give all workers one ingestor.toml and the same processors, "
            "then retry it"
        )
    return _unloaded(worker, claim, partial(ledger.void_checkpoint, pipeline=pipeline.fingerprint))


def _unloaded(worker: Worker, claim: ledger.Claim, restart: Callable[..., ledger.Claim]) -> ledger.Claim:
    lease, limit = worker.settings.lease_seconds, worker.lock_timeout_seconds
    with (
        renewed_lease(worker.database, claim, lease_seconds=lease, lock_timeout=limit),
        worker.database.transaction(UNLOADING, lock_timeout=limit) as connection,
    ):
        ledger.lock_file(connection, claim)
        rows = worker.sink.unload(connection, claim.file_id, rows_loaded=claim.rows_loaded)
        return restart(connection, claim, unloaded_rows=rows, lease_seconds=lease)
