"""A deadline: the time at which this process will be stopped, such as Lambda's time-out."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

RESERVE_SECONDS = 10.0
"""Kept for the last commit, the release and the continuation."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """`remaining_seconds` says how much time is left, as Lambda's context does."""

    remaining_seconds: Callable[[], float]
    reserve_seconds: float = RESERVE_SECONDS

    def is_near(self, next_step_seconds: float = 0) -> bool:
        return self.remaining_seconds() < self.reserve_seconds + next_step_seconds


UNLIMITED = Deadline(lambda: math.inf)


class Bounded(Protocol):
    """What waits for answers of others, and may be given a deadline for them."""

    def end_with(self, deadline: Deadline, /) -> None:
        """From now on no answer is waited for beyond it: OutOfTimeError says so."""
        ...
