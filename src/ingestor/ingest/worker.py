"""What a worker works with."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field

from ingestor import ledger
from ingestor.database import SHORT, Database, TransactionLimits
from ingestor.errors import TransactionFailedError
from ingestor.routing import Router
from ingestor.settings import OnOverwrite, Settings
from ingestor.sinks import RowSink
from ingestor.sources import Source


def untraced(_stage: str) -> AbstractContextManager[object]:
    return nullcontext()


def unreported(_claim: ledger.Claim) -> None:
    pass


def at_once(_entries: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Worker:
    """`abandoned`: claims that an outage took from us; given back when the database answers again.

    `stage` is entered for each stage of a file, by its name: claim, open, load. `on_claim` hears of each claim that is
    taken, and again when it goes over to another version. `after_chunk` is called with the number of entries of each
    chunk that is committed. `reads_ahead`: the next chunk is read while PostgreSQL finishes the one before.
    """

    database: Database
    source: Source
    settings: Settings
    router: Router
    sink: RowSink
    abandoned: list[ledger.Claim] = field(default_factory=list)
    stage: Callable[[str], AbstractContextManager[object]] = untraced
    on_claim: Callable[[ledger.Claim], None] = unreported
    after_chunk: Callable[[int], None] = at_once
    reads_ahead: bool = True

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


def give_back_abandoned(worker: Worker) -> None:
    """Otherwise each would be held until its lease ends, and look like a worker that died of its file."""
    while worker.abandoned:
        # Once the database answers, and then once: a backend that never heard of our end may hold the row until
        # the lease is over, and another file needn't fail for that.
        with (
            suppress(TransactionFailedError),
            worker.database.transaction(lock_timeout=worker.lock_timeout_seconds) as connection,
        ):
            ledger.give_back(connection, worker.abandoned[-1])
        worker.abandoned.pop()
