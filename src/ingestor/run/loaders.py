"""Who loads: this process, or several others."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol

from ingestor import bootstrap
from ingestor.api import FileResult
from ingestor.deadline import Deadline
from ingestor.errors import SourceUnavailableError
from ingestor.ingest import Worker, ingest
from ingestor.run.throttle import throttled
from ingestor.settings import Settings
from ingestor.source_file import SourceFile

LOOK_EVERY_SECONDS = 0.2
"""How soon a request to stop reaches the processes."""


class Loaders(Protocol):
    def load(self, files: Iterator[SourceFile]) -> Iterator[FileResult]:
        """Until there are no more, or a stop is asked for: then what is in hand is given back with its checkpoint."""
        ...


class InProcess:
    def __init__(self, worker: Worker, deadline: Deadline) -> None:
        self._worker = worker
        self._deadline = deadline

    def load(self, files: Iterator[SourceFile]) -> Iterator[FileResult]:
        for file in files:
            if self._deadline.is_near():
                return
            yield FileResult(file, ingest(file, self._worker, self._deadline))


class Processes:
    """`count` processes, each with connections of its own; `rows_per_second` is for all of them together."""

    def __init__(
        self, settings: Settings, count: int, deadline: Deadline, rows_per_second: float | None
    ) -> None:
        self._deadline = deadline
        self._count = count
        each = None if rows_per_second is None else rows_per_second / count
        self._pool = ProcessPoolExecutor(
            count,
            # Not fork: a child would share the connections of its parent.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(settings, each),
        )

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def load(self, files: Iterator[SourceFile]) -> Iterator[FileResult]:
        """Raises SourceUnavailableError when a process died: the next pass goes on with its file."""
        waiting: set[Future[FileResult]] = set()
        is_over = False
        try:
            while waiting or not is_over:
                while not is_over and len(waiting) < 2 * self._count:
                    file = None if self._deadline.is_near() else next(files, None)
                    is_over = file is None
                    if file is not None:
                        waiting.add(self._pool.submit(_load, file))
                done, waiting = wait(waiting, timeout=LOOK_EVERY_SECONDS, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
                if self._deadline.is_near():
                    is_over = True
                    waiting = {future for future in waiting if not future.cancel()}
                    _tell_to_stop()
        except BrokenProcessPool as error:
            raise SourceUnavailableError(
                "a loading process died, perhaps for want of memory; run again: its file goes on from its checkpoint"
            ) from error


def _tell_to_stop() -> None:
    for process in multiprocessing.active_children():
        if process.pid is not None:
            os.kill(process.pid, signal.SIGTERM)


class _Here:
    """Of one loading process."""

    worker: Worker
    is_stopped = False
    deadline = Deadline(lambda: 0 if _Here.is_stopped else float("inf"), reserve_seconds=1)


def _begin(settings: Settings, rows_per_second: float | None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    database = bootstrap.database(settings)
    _Here.worker = throttled(
        Worker(database, bootstrap.s3_objects(settings), settings), rows_per_second, _Here.deadline
    )


def _stop(_number: int, _frame: object) -> None:
    _Here.is_stopped = True


def _load(file: SourceFile) -> FileResult:
    return FileResult(file, ingest(file, _Here.worker, _Here.deadline))
