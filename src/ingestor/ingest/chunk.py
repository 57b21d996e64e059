"""One chunk, one transaction: the rows, the checkpoint, and last the fence."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import assert_never

from ingestor import ledger
from ingestor.database import UNLOADING, Connection
from ingestor.errors import (
    ClaimLostError,
    DatabaseUnavailableError,
    DuplicateRowError,
    ForeignRowsError,
    SchemaError,
    TransactionFailedError,
    TransactionInterruptedError,
)
from ingestor.ingest.worker import Worker
from ingestor.model.entry import Batch
from ingestor.model.rows import LossCounts
from ingestor.routing import After, Pipeline
from ingestor.sinks import CopiedBatch

MAX_TRIES = 5
"""Of a chunk that a deadlock or a moved month rolled back; more often than that, later is better."""

MIN_ENTRIES_FOR_RATIO = 1_000
"""Before that many entries were read, a ratio says little; the end of the file is judged whatever its size."""


@dataclass(frozen=True, slots=True)
class Committed:
    """The claim after a chunk; `newer_waits` only ever with `is_complete`, `has_too_many_rejects` never with it."""

    claim: ledger.Claim
    is_complete: bool
    has_too_many_rejects: bool = False
    newer_waits: bool = False
    lag_seconds: float | None = None
    losses: LossCounts = field(default_factory=LossCounts)


def renew_lease(worker: Worker, claim: ledger.Claim) -> None:
    """A slow source is no progress, and must not look like it. Raises ClaimLostError."""
    with worker.database.transaction(lock_timeout=worker.lock_timeout_seconds) as connection:
        ledger.renew(connection, claim, lease_seconds=worker.settings.lease_seconds)


@dataclass(frozen=True, slots=True)
class Chunk:
    """`rows_sent` is called, once or more, when all rows are sent and PostgreSQL isn't done with them."""

    worker: Worker
    claim: ledger.Claim
    pipeline: Pipeline
    batch: Batch
    rows_sent: Callable[[], None]

    def commit(self) -> Committed:
        """Raises ClaimLostError."""
        try:
            return self._commit_uninterrupted()
        except DuplicateRowError:
            self._unload_strays()
        try:
            return self._commit_uninterrupted()
        except DuplicateRowError as error:
            raise ForeignRowsError(
                f"{self.claim.file.uri}: {error}, and under another file_id, as after a row of processed_files was "
                "deleted: take that file_id's rows out of logs, then retry this file"
            ) from error

    def _commit_uninterrupted(self) -> Committed:
        for _ in range(MAX_TRIES - 1):
            with suppress(TransactionInterruptedError):
                return self._commit_once()
        return self._commit_once()

    def _commit_once(self) -> Committed:
        after: Committed | None = None
        has_begun = False
        worker, claim = self.worker, self.claim
        mapper = self.pipeline.format.mapper(self.pipeline.row_origin(claim.file, claim.file_id))
        try:
            with worker.database.transaction(worker.chunk_limits) as connection:
                has_begun = True
                ledger.lock_file(connection, claim)
                copied = worker.sink.copy(connection, claim.file_id, mapper, self.batch, self.rows_sent)
                after = self._move(connection, copied)
        except (DatabaseUnavailableError, SchemaError):
            # Without a BEGIN there is nothing to settle, and asking again is what nobody should do now.
            after = self._settle(after) if has_begun else None
            if after is None:
                raise
        return after

    def _move(self, connection: Connection, copied: CopiedBatch) -> Committed:
        worker, claim, batch = self.worker, self.claim, self.batch
        progress = self._progress(copied)
        moved = ledger.moved(claim, progress)
        has_too_many_rejects = self._has_too_many_rejects(moved)
        if batch.is_last and not has_too_many_rejects:
            done = ledger.complete(
                connection, claim, progress, skip_newer=worker.skip_newer, after=_action(self.pipeline.after)
            )
            return Committed(
                moved,
                is_complete=True,
                newer_waits=done.newer_waits,
                lag_seconds=done.lag_seconds,
                losses=copied.losses,
            )
        ledger.advance(connection, claim, progress, lease_seconds=worker.settings.lease_seconds)
        return Committed(
            moved, is_complete=False, has_too_many_rejects=has_too_many_rejects, losses=copied.losses
        )

    def _progress(self, copied: CopiedBatch) -> ledger.Progress:
        return ledger.Progress(
            rows=copied.rows,
            rejected=copied.rejected,
            dropped=copied.dropped,
            unknown_fields=copied.unknown_fields,
            end_offset=self.batch.end_offset,
            first_log_at=copied.first_log_at,
            last_log_at=copied.last_log_at,
            format=self.pipeline.format.name,
            format_reason=self.pipeline.reason,
            pipeline=self.pipeline.fingerprint,
        )

    def _has_too_many_rejects(self, moved: ledger.Claim) -> bool:
        entries = moved.checkpoint
        if moved.accept_rejects or not (self.batch.is_last or entries >= MIN_ENTRIES_FOR_RATIO):
            return False
        return moved.rows_rejected > entries * self.worker.settings.max_reject_ratio

    def _unload_strays(self) -> None:
        """Takes out rows beyond the checkpoint: no chunk accounts for them, and they come again.

        Raises ClaimLostError, which is the usual reason for rows that are there already.
        """
        worker, claim = self.worker, self.claim
        with worker.database.transaction(UNLOADING, lock_timeout=worker.lock_timeout_seconds) as connection:
            ledger.lock_file(connection, claim)
            ledger.check_claim(connection, claim)
            rows = worker.sink.unload(connection, claim.file_id, from_ordinal=claim.checkpoint)
            ledger.record_unloaded(connection, claim.file_id, rows)
            ledger.renew(connection, claim, lease_seconds=worker.settings.lease_seconds)

    def _settle(self, after: Committed | None) -> Committed | None:
        """What became of a transaction that broke; None: nothing was committed, or nobody can tell yet.

        Raises ClaimLostError.
        """
        worker, claim = self.worker, self.claim
        try:
            with worker.database.transaction(lock_timeout=worker.lock_timeout_seconds) as connection:
                settlement = ledger.settle(
                    connection,
                    claim,
                    after.claim if after else None,
                    completing=bool(after and after.is_complete),
                )
                if settlement is ledger.Settlement.NOT_COMMITTED:
                    ledger.give_back(connection, claim)
        except TransactionFailedError:
            # A backend that never hears our COMMIT holds the row for as long as it may pause.
            return None
        if settlement is ledger.Settlement.CLAIM_LOST:
            raise ClaimLostError(
                f"{claim.file.uri}: claim {claim.version} ended while its chunk was being written"
            )
        return after if settlement is ledger.Settlement.COMMITTED else None


def _action(after: After) -> ledger.AfterAction | None:
    match after:
        case After.KEEP:
            return None
        case After.TAG:
            return ledger.AfterAction.TAG
        case After.DELETE:
            return ledger.AfterAction.DELETE
        case _:
            assert_never(after)
