"""The next chunk read and decoded while Postgres finishes the one before."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self


class ReadAhead[T]:
    """The items of `source`, each taken on another thread from `begin` on, or when asked for.

    `begin` when this thread has nothing to do but wait: with work of its own, both would compete for the interpreter
    (docs/performance.md has the figures). Leaving waits for the other thread, so that `source` can be closed.
    """

    def __init__(self, source: Iterator[T]) -> None:
        self._source = source
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead")
        self._begun: Future[T] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True)

    def begin(self) -> None:
        if self._begun is None:
            self._begun = self._thread.submit(next, self._source)

    def next(self) -> T:
        """Raises what `source` raises; not to be called after its last item."""
        begun, self._begun = self._begun, None
        return begun.result() if begun else next(self._source)
