"""What a worker works with, and the two transactions that move a claim."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field

from ingestor import ledger
from ingestor.database import SHORT, UNLOADING, Connection, Database, TransactionLimits
from ingestor.errors import (
    ClaimLostError,
    DatabaseUnavailableError,
    DuplicateRowError,
    ForeignRowsError,
    SchemaError,
    TransactionFailedError,
    TransactionInterruptedError,
)
from ingestor.formats import Format
from ingestor.ingest.renewal import renewed_lease
from ingestor.model.entry import Batch
from ingestor.model.rows import Mapper, RowOrigin
from ingestor.model.source_file import SourceFile
from ingestor.settings import OnOverwrite, Settings
from ingestor.sinks import CopiedBatch, RowSink
from ingestor.sources import Source

MAX_TRIES = 5
"""Of a chunk that a deadlock or a moved month rolled back; more often than that, later is better."""

MIN_ENTRIES_FOR_RATIO = 1_000
"""Before that many entries were seen, a ratio says little; the end of the file is judged whatever its size."""


@dataclass(frozen=True, slots=True)
class Committed:
    """The claim after a chunk; `newer_waits` only ever with `is_complete`, `has_too_many_rejects` never with it."""

    claim: ledger.Claim
    is_complete: bool
    has_too_many_rejects: bool = False
    newer_waits: bool = False
    lag_seconds: float | None = None


def untraced(_stage: str) -> AbstractContextManager[object]:
    return nullcontext()


def unreported(_claim: ledger.Claim) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Worker:
    """`abandoned`: claims that an outage took from us; given back when the database answers again.

    `stage` is entered for each stage of a file, by its name: claim, open, load. `on_claim` hears of each claim that is
    taken, and again when it goes over to another version.
    """

    database: Database
    source: Source
    settings: Settings
    format: Format
    sink: RowSink
    abandoned: list[ledger.Claim] = field(default_factory=list)
    stage: Callable[[str], AbstractContextManager[object]] = untraced
    on_claim: Callable[[ledger.Claim], None] = unreported

    @property
    def skip_newer(self) -> bool:
        return self.settings.on_overwrite is OnOverwrite.SKIP

    @property
    def lock_timeout_seconds(self) -> float:
        return min(SHORT.lock, self.settings.lease_seconds / 3)

    @property
    def chunk_limits(self) -> TransactionLimits:
        """Longer than its lease a chunk needn't take: then another worker ends it."""
        return TransactionLimits(
            total=max(SHORT.total, self.settings.lease_seconds), lock=self.lock_timeout_seconds
        )

    def commit(self, batch: Batch, claim: ledger.Claim, all_sent: Callable[[], None]) -> Committed:
        """One chunk, one transaction: the rows, the checkpoint, and last the fence. Raises ClaimLostError.

        `all_sent` is called, once or more, when all rows are sent and Postgres isn't done with them.
        """
        if not batch.values and not batch.is_last:
            return self._give_sign_of_life(claim)
        try:
            return self._commit_uninterrupted(batch, claim, all_sent)
        except DuplicateRowError:
            self._unload_strays(claim)
        try:
            return self._commit_uninterrupted(batch, claim, all_sent)
        except DuplicateRowError as error:
            raise ForeignRowsError(
                f"{claim.file.uri}: {error}, and under another file_id, as after a row of processed_files was "
                "deleted: take that file_id's rows out of logs, then retry this file"
            ) from error

    def give_back_abandoned(self) -> None:
        """Otherwise each would be held until its lease ends, and look like a worker that died of its file."""
        while self.abandoned:
            # Once the database answers, and then once: a backend that never heard of our end may hold the row until
            # the lease is over, and another file needn't fail for that.
            with (
                suppress(TransactionFailedError),
                self.database.transaction(lock_timeout=self.lock_timeout_seconds) as connection,
            ):
                ledger.give_back(connection, self.abandoned[-1])
            self.abandoned.pop()

    def adopt(self, claim: ledger.Claim, current: SourceFile) -> ledger.Claim:
        """One transaction takes the old version's rows out and the new version in hand. Raises ClaimLostError."""
        lease, limit = self.settings.lease_seconds, self.lock_timeout_seconds
        with (
            renewed_lease(self.database, claim, lease_seconds=lease, lock_timeout=limit),
            self.database.transaction(UNLOADING, lock_timeout=limit) as connection,
        ):
            ledger.lock_file(connection, claim)
            unloaded = self.sink.unload(connection, claim.file_id, rows_loaded=claim.rows_loaded)
            adopted = ledger.adopt_version(
                connection,
                claim,
                current,
                unloaded_rows=unloaded,
                lease_seconds=self.settings.lease_seconds,
            )
        self.on_claim(adopted)
        return adopted

    def _has_too_many_rejects(self, claim: ledger.Claim, *, is_last: bool) -> bool:
        seen = claim.checkpoint
        if claim.accept_rejects or not (is_last or seen >= MIN_ENTRIES_FOR_RATIO):
            return False
        return claim.rows_rejected > seen * self.settings.max_reject_ratio

    def _commit_uninterrupted(
        self, batch: Batch, claim: ledger.Claim, all_sent: Callable[[], None]
    ) -> Committed:
        for _ in range(MAX_TRIES - 1):
            with suppress(TransactionInterruptedError):
                return self._commit_once(batch, claim, all_sent)
        return self._commit_once(batch, claim, all_sent)

    def _commit_once(self, batch: Batch, claim: ledger.Claim, all_sent: Callable[[], None]) -> Committed:
        after: Committed | None = None
        has_begun = False
        try:
            with self.database.transaction(self.chunk_limits) as connection:
                has_begun = True
                ledger.lock_file(connection, claim)
                loaded = self.sink.copy(connection, claim.file_id, self._mapper(claim), batch, all_sent)
                after = self._move(connection, batch, claim, loaded)
        except (DatabaseUnavailableError, SchemaError):
            # Without a BEGIN there is nothing to settle, and asking again is what nobody should do now.
            after = self._settle(claim, after) if has_begun else None
            if after is None:
                raise
        return after

    def _mapper(self, claim: ledger.Claim) -> Mapper:
        return self.format.mapper(row_origin(claim))

    def _unload_strays(self, claim: ledger.Claim) -> None:
        """Takes out rows beyond the checkpoint: no chunk accounts for them, and they come again.

        Raises ClaimLostError, which is the usual reason for rows that are there already.
        """
        with self.database.transaction(UNLOADING, lock_timeout=self.lock_timeout_seconds) as connection:
            ledger.lock_file(connection, claim)
            ledger.check_claim(connection, claim)
            rows = self.sink.unload(connection, claim.file_id, from_ordinal=claim.checkpoint)
            ledger.record_unloaded(connection, claim.file_id, rows)
            ledger.renew(connection, claim, lease_seconds=self.settings.lease_seconds)

    def _give_sign_of_life(self, claim: ledger.Claim) -> Committed:
        """Renews the lease alone: a slow source is no progress, and must not look like it."""
        with self.database.transaction(lock_timeout=self.lock_timeout_seconds) as connection:
            ledger.renew(connection, claim, lease_seconds=self.settings.lease_seconds)
        return Committed(claim, is_complete=False)

    def _move(
        self, connection: Connection, batch: Batch, claim: ledger.Claim, loaded: CopiedBatch
    ) -> Committed:
        progress = ledger.Progress(
            rows=loaded.rows,
            rejected=loaded.rejected,
            dropped=loaded.dropped,
            end_offset=batch.end_offset,
            first_log_at=loaded.first_log_at,
            last_log_at=loaded.last_log_at,
        )
        moved = ledger.moved(claim, progress)
        has_too_many_rejects = self._has_too_many_rejects(moved, is_last=batch.is_last)
        if batch.is_last and not has_too_many_rejects:
            done = ledger.complete(connection, claim, progress, skip_newer=self.skip_newer)
            return Committed(
                moved, is_complete=True, newer_waits=done.newer_waits, lag_seconds=done.lag_seconds
            )
        ledger.advance(connection, claim, progress, lease_seconds=self.settings.lease_seconds)
        return Committed(moved, is_complete=False, has_too_many_rejects=has_too_many_rejects)

    def _settle(self, claim: ledger.Claim, after: Committed | None) -> Committed | None:
        """What became of a transaction that broke; None: nothing was committed, or nobody can tell yet.

        Raises ClaimLostError.
        """
        try:
            with self.database.transaction(lock_timeout=self.lock_timeout_seconds) as connection:
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


def row_origin(claim: ledger.Claim) -> RowOrigin:
    return RowOrigin(
        file_id=claim.file_id,
        bucket=claim.file.bucket,
        key=claim.file.key,
        etag=claim.file.etag,
        version_id=claim.file.version_id,
        store=claim.file.store,
    )
