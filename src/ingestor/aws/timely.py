"""Two clients of one service: the usual one, and one that asks once and gives up soon, for a function's last seconds.

boto3's time-outs belong to a client, not to a request.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import OutOfTimeError


@dataclass(frozen=True, slots=True)
class Waits:
    """In seconds: the longest wait for an answer, retries included; `kept` of the time there is, for what follows."""

    usual: float
    hurried: float
    kept: float


class TimelyClient[Client]:
    def __init__(
        self, usual: Client, hurried: Callable[[], Client] | None = None, waits: Waits = Waits(0, 0, 0)
    ) -> None:
        """Without `hurried` there is only the usual one."""
        self._usual = usual
        self._make_hurried = hurried
        self._hurried: Client | None = None
        self.waits = waits
        self.deadline: Deadline = UNLIMITED

    def seconds_left(self) -> float:
        return self.deadline.remaining_seconds() - self.waits.kept

    def now(self) -> Client:
        """Raises OutOfTimeError when no answer can be waited for."""
        left = self.seconds_left()
        if left >= self.waits.usual or self._make_hurried is None:
            return self._usual
        if left < self.waits.hurried:
            raise OutOfTimeError("no time is left to wait for an answer")
        if self._hurried is None:
            self._hurried = self._make_hurried()
        return self._hurried
