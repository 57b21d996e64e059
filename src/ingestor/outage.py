"""Waiting for the end of an outage of the database or of S3, with backoff, reports, and a limit."""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import (
    DatabaseUnavailableError,
    IngestorError,
    LoginRefusedError,
    ServiceUnavailableError,
    TransactionFailedError,
)

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
_STEP_SECONDS = 0.1
"""How soon a request to stop is noticed."""


type IsOutage = Callable[[IngestorError], bool]


class OutageReporter(Protocol):
    """What reports the beginning and the end of an outage to a person."""

    def outage_began(self, why: str, /) -> None: ...
    def outage_ended(self, seconds: float, /) -> None: ...


class Unreported:
    """Reports nothing: a Python program waits until the outage ends, or gets its error."""

    def outage_began(self, why: str, /) -> None:
        pass

    def outage_ended(self, seconds: float, /) -> None:
        pass


@dataclass(slots=True)
class _Outage:
    """From the first attempt that failed to the first that doesn't."""

    began: float = field(default_factory=time.monotonic)
    pause: float = FIRST_PAUSE_SECONDS

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


@dataclass(frozen=True, slots=True)
class Patience:
    """`seconds`: how long one outage is waited for; `deadline`: it is given up at once when that is near."""

    seconds: float
    deadline: Deadline = UNLIMITED
    reporter: OutageReporter = field(default_factory=Unreported)

    def through[Result](self, attempt: Callable[[], Result], is_outage: IsOutage | None = None) -> Result:
        """Calls `attempt` until it succeeds, and returns its result. Raises its last error when patience has run out.

        Without `is_outage`, errors of the database are waited for.
        """
        try:
            return attempt()
        except IngestorError as error:
            if not (is_outage or is_databases_outage)(error):
                raise
            return self.wait_out(error, attempt, is_outage)

    def wait_out[Result](
        self, error: IngestorError, attempt: Callable[[], Result], is_outage: IsOutage | None = None
    ) -> Result:
        """As `through`, after an attempt that failed with `error`."""
        outage = _Outage()
        if self.seconds:
            self.reporter.outage_began(self._explained(error))
        while True:
            self._pause(outage, error)
            try:
                result = attempt()
            except IngestorError as again:
                if not (is_outage or is_databases_outage)(again):
                    raise
                error = again
            else:
                self.reporter.outage_ended(outage.seconds)
                return result

    def until(self, holds: Callable[[], bool], why: str) -> bool:
        """Waits until the condition holds. False: patience ran out first."""

        def attempt() -> None:
            if not holds():
                raise ServiceUnavailableError(why)

        try:
            self.through(attempt, lambda _: True)
        except ServiceUnavailableError:
            return False
        return True

    def sleep(self, seconds: float) -> bool:
        """False: broken off, because the deadline is near."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.deadline.is_near():
                return False
            time.sleep(min(left, _STEP_SECONDS))
        return not self.deadline.is_near()

    def _explained(self, error: IngestorError) -> str:
        for_how_long = "until it answers" if math.isinf(self.seconds) else f"up to {self.seconds:.0f} s"
        return f"{error}; waiting {for_how_long}"

    def _pause(self, outage: _Outage, error: IngestorError) -> None:
        # Several who wait for the same server shouldn't all come at once.
        pause = outage.pause * random.uniform(0.7, 1.0)  # noqa: S311 # nosec B311 # not for a secret
        if outage.seconds + pause > self.seconds or not self.sleep(pause):
            raise error
        outage.pause = min(outage.pause * 2, LONGEST_PAUSE_SECONDS)


IMPATIENT = Patience(0)
"""No outage is waited for."""


def is_databases_outage(error: IngestorError) -> bool:
    """Whether the database is away, or other work was in a transaction's way; the same again may pass."""
    is_transient = isinstance(error, DatabaseUnavailableError | TransactionFailedError)
    return is_transient and not isinstance(error, LoginRefusedError)


def is_outage_of(answers: Callable[[], bool]) -> IsOutage:
    """An error of S3 is an outage unless `answers` says that S3 is well: what it refuses, it would refuse again."""

    def is_outage(error: IngestorError) -> bool:
        if isinstance(error, ServiceUnavailableError):
            return not answers()
        return is_databases_outage(error)

    return is_outage
