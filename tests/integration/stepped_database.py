"""A worker that something happens to between two of its transactions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ingestor.database import Connection, ConnectionParameters, Database


class Killed(BaseException):
    """The worker's process ends here."""


class SteppedDatabase(Database):
    """`step` is called before each of its transactions, when none is open."""

    def __init__(self, parameters: ConnectionParameters, step: Callable[[], None]) -> None:
        super().__init__(lambda: parameters, "public")
        self._step = step

    @contextmanager
    def transaction(self, **limits: Any) -> Iterator[Connection]:  # noqa: ANN401 - whatever Database takes
        self._step()
        with super().transaction(**limits) as connection:
            yield connection
