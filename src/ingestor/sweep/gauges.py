"""Last step: gauges, which say in numbers what is left to do after the tick."""

from dataclasses import dataclass

from ingestor import ledger
from ingestor.database import REPORT
from ingestor.deadline import Deadline
from ingestor.ledger import LedgerGauges
from ingestor.sweep.context import SweepContext


@dataclass(frozen=True, slots=True)
class Gauges(LedgerGauges):
    """`dead_letters` are those that can be seen and those that somebody looks at; None without DLQ_URL."""

    dead_letters: int | None


def read_gauges(context: SweepContext, _deadline: Deadline) -> Gauges:
    """Raises DatabaseUnavailableError, ServiceUnavailableError."""
    with context.database.transaction(REPORT) as connection:
        numbers = ledger.read_ledger_gauges(connection)
    dead = None
    if context.dead_letters is not None:
        depth = context.dead_letters.depth()
        dead = depth.visible + depth.in_flight + depth.delayed
    return Gauges(**{name: getattr(numbers, name) for name in LedgerGauges.__slots__}, dead_letters=dead)
