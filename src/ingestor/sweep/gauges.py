"""Last step: what the tick leaves behind, in numbers."""

from dataclasses import dataclass

from ingestor import ledger
from ingestor.database import REPORT
from ingestor.deadline import Deadline
from ingestor.ledger import LedgerGauges
from ingestor.sweep.tools import SweepTools


@dataclass(frozen=True, slots=True)
class Gauges(LedgerGauges):
    """`dead_letters` are those that can be seen and those that somebody looks at; None without DLQ_URL."""

    dead_letters: int | None


def read_gauges(tools: SweepTools, _deadline: Deadline) -> Gauges:
    """Raises DatabaseUnavailableError, ServiceUnavailableError."""
    with tools.database.transaction(REPORT) as connection:
        numbers = ledger.read_ledger_gauges(connection)
    dead = None
    if tools.dead_letters is not None:
        depth = tools.dead_letters.depth()
        dead = depth.visible + depth.in_flight + depth.delayed
    return Gauges(**{name: getattr(numbers, name) for name in LedgerGauges.__slots__}, dead_letters=dead)
