"""What people have the service do from a terminal, each command a process: the product's code below the terminal."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.model_process import Process, before, own_deadline
from tests.faults.model_s3 import BUCKET
from tests.faults.model_service import Service, stepwise_worker

from ingestor import backfill, ledger
from ingestor.cli.commands import reload
from ingestor.database import Database
from ingestor.model.source_file import SourceFile
from ingestor.notifications import continuation_message
from ingestor.outage import Patience, Unreported
from ingestor.run import FileFailure, InProcess, Pass, RunContext, RunScope, run_once
from ingestor.sweep.dead_letters import settle_dead_letters

LOCK_TIMEOUT_SECONDS = 10.0
MOST_PAUSES = 3
"""So long `run` waits in outages."""


@dataclass(frozen=True, slots=True)
class _Patience(Patience):
    """Its pauses are steps, not time; it comes to its end after a few of them."""

    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> bool:
        before(f"sleep {seconds:.1f} s")
        self.pauses.append(seconds)
        return len(self.pauses) <= MOST_PAUSES and not self.deadline.is_near()


class _SilentReporter(Unreported):
    def looks_again(self, files: int, seconds: float, /) -> None:
        pass

    def loader_died(self, how: str, /) -> None:
        pass

    def progressed(self, done: Pass, /) -> None:
        pass

    def failed(self, failure: FileFailure, /) -> None:
        pass


class Commands:
    """Each starts a process, which pauses before its first step."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def run(self, prefix: str) -> Process:
        def work(database: Database) -> None:
            service, deadline = self._service, own_deadline()
            patience = _Patience(float("inf"), deadline)
            context = RunContext(database, service.s3, service.settings)
            worker = stepwise_worker(database, service)
            loaders = InProcess(worker, deadline, patience, service.s3.answers)
            run_once(context, RunScope(BUCKET, prefix), loaders, _SilentReporter(), patience)

        return self._start("run", work)

    def backfill(self, prefix: str) -> Process:
        scope = backfill.BackfillScope(BUCKET, prefix)
        return self._service.start(
            "backfill",
            self._service.with_tools(
                lambda tools, deadline: backfill.backfill(
                    tools, scope, on_page=lambda _: None, deadline=deadline
                )
            ),
        )

    def redrive(self) -> Process:
        return self._service.start("redrive", self._service.with_tools(settle_dead_letters))

    def retry(self) -> Process:
        """Whatever has failed."""

        def work(database: Database) -> None:
            with database.transaction(lock_timeout=LOCK_TIMEOUT_SECONDS) as connection:
                failed = ledger.failed_files(connection)
                opened = [ledger.reopen(connection, file.id, accept_rejects=False) for file in failed]
            self._send([file for file in opened if file is not None])

        return self._start("retry", work)

    def ignore(self) -> Process:
        """Whatever has failed for good."""

        def work(database: Database) -> None:
            with database.transaction(lock_timeout=LOCK_TIMEOUT_SECONDS) as connection:
                for file in ledger.failed_files(connection, kind="permanent"):
                    ledger.ignore(connection, file.id, "nobody misses it")

        return self._start("ignore", work)

    def reload(self, key: str) -> Process:
        def work(database: Database) -> None:
            with database.transaction() as connection:
                file = ledger.find_file(connection, BUCKET, key)
            if file is None or file.status == "PROCESSING":
                return
            again = SourceFile(BUCKET, key, file.etag, file.version_id)
            if self._service.s3.current(again) is not None:
                reload._start_over(database, file)
                self._send([again])

        return self._start("reload", work)

    def _start(self, name: str, work: Callable[[Database], object]) -> Process:
        def with_database() -> object:
            with self._service.own_database() as database:
                return work(database)

        return self._service.start(name, with_database)

    def _send(self, files: list[SourceFile]) -> None:
        if self._service.installation.has_queue:
            self._service.queue.send([continuation_message(file) for file in files])
