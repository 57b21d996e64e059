"""A worker that something happens to between two of its transactions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ingestor.database import SHORT, Connection, ConnectionParameters, Database, TransactionLimits


class Killed(BaseException):
    """The worker's process ends here."""


class SteppedDatabase(Database):
    """`step` is called before each of its transactions, when none is open."""

    def __init__(self, parameters: ConnectionParameters, step: Callable[[], None]) -> None:
        super().__init__(lambda: parameters, "public")
        self._step = step

    @contextmanager
    def transaction(
        self, limits: TransactionLimits = SHORT, *, lock_timeout: float | None = None
    ) -> Iterator[Connection]:
        self._step()
        with super().transaction(limits, lock_timeout=lock_timeout) as connection:
            yield connection
