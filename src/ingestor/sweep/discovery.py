"""Written by its owner in a moment."""

from dataclasses import dataclass

from ingestor.deadline import Deadline
from ingestor.sweep.tools import SweepTools


@dataclass(frozen=True, slots=True)
class Discovery:
    pass


def queue_unknown_objects(_tools: SweepTools, _deadline: Deadline) -> Discovery:
    return Discovery()
