"""Written by its owner in a moment."""

from dataclasses import dataclass

from ingestor.deadline import Deadline
from ingestor.sweep.tools import SweepTools


@dataclass(frozen=True, slots=True)
class Gauges:
    pass


def read_gauges(_tools: SweepTools, _deadline: Deadline) -> Gauges:
    return Gauges()
