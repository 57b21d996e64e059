"""A pass of `ingestor run` in this process, over a bucket whose objects have ages."""

from collections.abc import Collection, Iterator
from datetime import datetime

from ingestor import bootstrap
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.errors import DatabaseUnavailableError
from ingestor.ingest import FileResult
from ingestor.model.source_file import SourceFile
from ingestor.run import (
    FileFailure,
    InProcess,
    Loaders,
    Pass,
    Patience,
    RunContext,
    RunScope,
    run_once,
)
from ingestor.sweep.context import SweepContext


class Silent:
    """A reporter whom nobody hears."""

    def progressed(self, done: Pass, /) -> None:
        pass

    def failed(self, failure: FileFailure, /) -> None:
        pass

    def loader_died(self, how: str, /) -> None:
        pass

    def looks_again(self, files: int, seconds: float, /) -> None:
        pass

    def outage_began(self, why: str, /) -> None:
        pass

    def outage_ended(self, seconds: float, /) -> None:
        pass


def impatient(deadline: Deadline = UNLIMITED) -> Patience:
    return Patience(0, deadline, Silent())


def in_process(tools: SweepContext, deadline: Deadline = UNLIMITED) -> InProcess:
    worker = bootstrap.worker(tools.database, tools.objects, tools.settings)
    return InProcess(worker, deadline, impatient(deadline), tools.objects.answers)


def a_pass(
    tools: SweepContext,
    *,
    prefix: str = "",
    since: datetime | None = None,
    loaders: Loaders | None = None,
    deadline: Deadline = UNLIMITED,
    looks_again: bool = False,
) -> Pass:
    [bucket] = tools.settings.watched_buckets
    context = RunContext(tools.database, tools.objects, tools.settings)
    scope = RunScope(bucket, prefix, since)
    chosen = loaders or in_process(tools, deadline)
    return run_once(context, scope, chosen, Silent(), impatient(deadline), looks_again=looks_again)


class BrokenConnection:
    """All files are loaded but `keys`: their claims meet a broken connection."""

    deaths = 0

    def __init__(self, tools: SweepContext, keys: Collection[str]) -> None:
        self._loaders = in_process(tools)
        self._keys = keys

    def load(self, files: Iterator[SourceFile]) -> Iterator[FileResult]:
        yield from self._loaders.load(file for file in files if file.key not in self._keys)
        raise DatabaseUnavailableError("the connection broke")


class KilledLoaders:
    """The process ends before file number `after`, as by a kill."""

    deaths = 0

    def __init__(self, tools: SweepContext, after: int) -> None:
        self._loaders = in_process(tools)
        self._after = after

    def load(self, files: Iterator[SourceFile]) -> Iterator[FileResult]:
        for number, file in enumerate(files):
            if number == self._after:
                raise KeyboardInterrupt
            yield from self._loaders.load(iter([file]))
