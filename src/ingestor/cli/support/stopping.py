"""Ctrl-C while files are loaded: the first stops after the current chunk, the second at once."""

import math
import os
import signal
from types import FrameType, TracebackType
from typing import Self

from ingestor.cli.support.context import command_context
from ingestor.cli.support.group import Stopped
from ingestor.deadline import Deadline

STANDARD_ERROR = 2
STOPPING_SECONDS = 1
NOTE = b"\ningestor: stopping once the current chunk is committed; press Ctrl-C again to stop at once\n"


class StopRequest:
    """Within `with`, SIGINT and SIGTERM become a deadline that is over.

    The worker then commits its chunk and gives the claim back with its checkpoint, as it does at a Lambda's deadline.
    A second SIGINT raises KeyboardInterrupt, a second SIGTERM `Stopped`: the claim then stays leased.
    """

    def __init__(self) -> None:
        self._signal: int | None = None
        self.is_watching = False

    @property
    def is_made(self) -> bool:
        return self._signal is not None

    @property
    def signal_number(self) -> int:
        return self._signal or signal.SIGINT

    @property
    def deadline(self) -> Deadline:
        """Near when a stop is requested, or when the command's own deadline is."""
        outer = command_context().deadline
        return Deadline(
            lambda: 0 if self.is_made or outer.is_near() else math.inf, reserve_seconds=STOPPING_SECONDS
        )

    def __enter__(self) -> Self:
        self.is_watching = True
        self._before = {each: signal.signal(each, self._receive) for each in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.is_watching = False
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def _receive(self, signal_number: int, _frame: FrameType | None) -> None:
        if self._signal is None:
            self._signal = signal_number
            # Not through the console: a handler may have interrupted that very console.
            os.write(STANDARD_ERROR, NOTE)
        elif signal_number == signal.SIGINT:
            raise KeyboardInterrupt
        else:
            raise Stopped(signal_number)
