"""Fourth step, partition maintenance: months ahead, rows out of the default partition, retention, statistics."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ingestor.database import PartitionMaintainer
from ingestor.deadline import Deadline
from ingestor.errors import LockTimeoutError, TransactionInterruptedError, TransactionTimeoutError
from ingestor.sweep.context import SweepContext

ANALYZE_EVERY_HOURS = 24
PRUNED_ROWS = 10_000
PRUNED_FILES = 500
_MOST_OF_A_KIND = 50
"""How often each kind of work is done in one tick; the next tick goes on."""


@dataclass(frozen=True, slots=True)
class PartitionMaintenance:
    """What was done. `gave_up`: jobs that another transaction was in the way of; the next tick tries again."""

    partitions_created: int
    months_moved: int
    partitions_emptied: int
    partitions_dropped: int
    rows_pruned: int
    histories_pruned: int
    analyzed: bool
    gave_up: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Expired:
    partitions_emptied: int = 0
    partitions_dropped: int = 0
    rows: int = 0
    histories: int = 0


class _Work:
    """Does each job by itself, so that one that has to give up doesn't stop the others."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self.gave_up: list[str] = []

    def once[Result](self, name: str, job: Callable[[], Result], otherwise: Result) -> Result:
        if self._deadline.is_near():
            return otherwise
        try:
            return job()
        except (LockTimeoutError, TransactionTimeoutError, TransactionInterruptedError):
            self.gave_up.append(name)
            return otherwise

    def repeated[Result](self, name: str, job: Callable[[], Result], otherwise: Result) -> Iterator[Result]:
        """Repeats a job until there is nothing left to do."""
        for _ in range(_MOST_OF_A_KIND):
            done = self.once(name, job, otherwise)
            if not done:
                return
            yield done


def maintain_partitions(context: SweepContext, deadline: Deadline) -> PartitionMaintenance:
    """Raises DatabaseUnavailableError and SchemaError; ConfigurationError, all else being done, for RETENTION_DAYS."""
    maintainer, work = PartitionMaintainer(context.database), _Work(deadline)
    created = work.once("partitions", maintainer.ensure_partitions, 0)
    moved = sum(1 for _ in work.repeated("default partition", maintainer.move_month_out_of_default, None))
    analyzed = work.once("statistics", lambda: maintainer.analyze(ANALYZE_EVERY_HOURS), otherwise=False)
    expired = _Expired()
    if context.settings.retention_days is not None:
        expired = _expire(maintainer, work, maintainer.cutoff(context.settings.retention_days))
    return PartitionMaintenance(
        partitions_created=created,
        months_moved=moved,
        partitions_emptied=expired.partitions_emptied,
        partitions_dropped=expired.partitions_dropped,
        rows_pruned=expired.rows,
        histories_pruned=expired.histories,
        analyzed=analyzed,
        gave_up=tuple(work.gave_up),
    )


def _expire(maintainer: PartitionMaintainer, work: _Work, cutoff: datetime) -> _Expired:
    """Deletes expired logs. The ledger's rows stay, so that no file is loaded again."""
    emptied = work.repeated("retention", lambda: maintainer.empty_expired_partition(cutoff), None)
    dropped = work.repeated("retention", lambda: maintainer.drop_expired_partition(cutoff), None)
    return _Expired(
        partitions_emptied=sum(1 for _ in emptied),
        partitions_dropped=sum(1 for _ in dropped),
        rows=sum(work.repeated("retention", lambda: maintainer.prune_default(cutoff, PRUNED_ROWS), 0)),
        histories=sum(
            work.repeated("retention", lambda: maintainer.prune_histories(cutoff, PRUNED_FILES), 0)
        ),
    )
