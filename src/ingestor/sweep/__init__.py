"""One tick of the sweeper: files that were lost, left or never announced go on.

due --> back to the queue
never notified --> found by listing, into the ledger and the queue
dead letters --> into the ledger, once the database is well
partition maintenance --> months ahead, retention, statistics
loaded objects --> tagged or deleted, where a rule says so
gauges --> what the tick leaves behind
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import DatabaseUnavailableError, IngestorError, SchemaError
from ingestor.sweep.after_load import AfterLoad, finish_loaded_objects
from ingestor.sweep.context import SweepContext
from ingestor.sweep.dead_letters import DeadLetters, settle_dead_letters
from ingestor.sweep.discovery import Discovery, discover_objects
from ingestor.sweep.due import Due, requeue_due_files
from ingestor.sweep.gauges import Gauges, read_gauges
from ingestor.sweep.partitions import PartitionMaintenance, maintain_partitions

__all__ = [
    "AfterLoad",
    "DeadLetters",
    "Discovery",
    "Due",
    "Gauges",
    "PartitionMaintenance",
    "SweepContext",
    "SweepReport",
    "sweep",
]

type SweepStep[Report] = Callable[[SweepContext, Deadline], Report]


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What each step did; None where it failed. `failures` has the reasons, by step. The other steps were done."""

    due: Due | None
    discovery: Discovery | None
    dead_letters: DeadLetters | None
    partition_maintenance: PartitionMaintenance | None
    after_load: AfterLoad | None
    gauges: Gauges | None
    failures: dict[str, str] = field(default_factory=dict)


def sweep(context: SweepContext, deadline: Deadline = UNLIMITED) -> SweepReport:
    """Does every step, in bounded pages, and stops before the deadline; the next tick goes on.

    Raises DatabaseUnavailableError and SchemaError: then no step can do anything.
    """
    failures: dict[str, str] = {}

    def done[Report](step: SweepStep[Report]) -> Report | None:
        try:
            return step(context, deadline)
        except (DatabaseUnavailableError, SchemaError):
            raise
        except IngestorError as error:
            failures[step.__name__] = str(error)
            return None

    return SweepReport(
        due=done(requeue_due_files),
        discovery=done(discover_objects),
        dead_letters=done(settle_dead_letters),
        partition_maintenance=done(maintain_partitions),
        after_load=done(finish_loaded_objects),
        gauges=done(read_gauges),
        failures=failures,
    )
