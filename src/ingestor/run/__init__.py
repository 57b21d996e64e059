"""One pass over a bucket without a queue. The ledger takes its place; claims let any number run side by side.

enter --> listed objects that are new to the ledger become PENDING, before the first of them is loaded
load --> pending, failed and stuck files of the ledger, the oldest upload first, by one process or several
reconcile --> every RECONCILE_HOURS everything is listed, entered and loaded the same way
look again --> files with a transient failure are loaded once more, when they are due
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingestor.discovery import MayGoOn, Step
from ingestor.errors import ServiceUnavailableError, SourceMissingError
from ingestor.outage import Patience, is_outage_of
from ingestor.run import work
from ingestor.run.loaders import InProcess, Loaders
from ingestor.run.processes import Processes
from ingestor.run.report import FileFailure, Pass, Reporter
from ingestor.run.watching import ReadSoFar, reporting
from ingestor.run.work import RunContext, RunScope

__all__ = [
    "FileFailure",
    "Found",
    "InProcess",
    "Loaders",
    "Pass",
    "Patience",
    "Processes",
    "ReadSoFar",
    "Reporter",
    "RunContext",
    "RunScope",
    "dry_run_pass",
    "reporting",
    "run_once",
]

type _Enter = Callable[[RunContext, RunScope, MayGoOn], Iterator[Step]]


def run_once(
    context: RunContext,
    scope: RunScope,
    loaders: Loaders,
    reporter: Reporter,
    patience: Patience,
    *,
    looks_again: bool = True,
) -> Pass:
    """Enters what the bucket has, and loads what is due in the ledger, even if the bucket can't be listed.

    Raises DatabaseUnavailableError for an outage longer than patience, SchemaError, SourceMissingError for a missing
    bucket, ServiceUnavailableError.
    """
    one = _OnePass(context, scope, loaders, reporter, patience)
    one.enter_and_load(work.enter_recent)
    one.enter_and_load(work.reconcile, loads_anyway=False)
    if looks_again:
        one.look_again()
    return one.done


class _OnePass:
    def __init__(
        self,
        context: RunContext,
        scope: RunScope,
        loaders: Loaders,
        reporter: Reporter,
        patience: Patience,
    ) -> None:
        self._context = context
        self._scope = scope
        self._loaders = loaders
        self._reporter = reporter
        self._patience = patience
        self.done = Pass()

    def enter_and_load(self, enter: _Enter, *, loads_anyway: bool = True) -> None:
        before = self.done.entered
        trouble: SourceMissingError | ServiceUnavailableError | None = None
        is_outage = is_outage_of(lambda: self._context.objects.answers(self._scope.bucket))
        try:
            self._patience.through(lambda: self._enter(enter), is_outage)
        except (SourceMissingError, ServiceUnavailableError) as error:
            trouble = error
        if loads_anyway or self.done.entered > before:
            self._load()
        if trouble is not None:
            raise trouble

    def look_again(self) -> None:
        """Loads files again that failed in an outage too short to be noticed otherwise."""
        waits = self.done.retries_within(self._context.settings.lease_seconds)
        if not waits:
            return
        self._reporter.looks_again(len(waits), max(waits))
        if self._patience.sleep(max(waits)):
            self._load()

    def _enter(self, enter: _Enter) -> None:
        may_go_on = self._patience.deadline.is_near
        for step in enter(self._context, self._scope, lambda: not may_go_on()):
            for failure in self.done.add_step(step):
                self._reporter.failed(failure)
            self._reporter.progressed(self.done)

    def _load(self) -> None:
        before = self._loaders.deaths
        due = work.due(self._context, self._scope, self._patience)
        for result in self._loaders.load(due):
            failure = self.done.add(result)
            if failure is not None:
                self._reporter.failed(failure)
            self._reporter.progressed(self.done)
        self.done.died += self._loaders.deaths - before


@dataclass(frozen=True, slots=True)
class Found:
    """What a pass would load; `new_bytes` as they are stored."""

    due_files: int
    new_files: int
    new_bytes: int


def dry_run_pass(context: RunContext, scope: RunScope, patience: Patience) -> Found:
    """What a pass would load; it changes nothing. Raises as `run_once` does."""
    due_files = sum(1 for _ in work.due(context, scope, patience))
    new_files = new_bytes = 0
    for step in work.dry_run_steps(context, scope):
        new = step.oldest_first
        new_files += len(new)
        new_bytes += sum(file.size_bytes or 0 for file in new)
    return Found(due_files, new_files, new_bytes)
