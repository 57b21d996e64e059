"""One installation of the service, and what its functions do: the product's code, each process in its own session."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from tests.faults.model_process import Process, current_process, own_deadline
from tests.faults.model_queue import ModelMessage, ModelQueue
from tests.faults.model_s3 import BUCKET, ModelS3
from tests.faults.model_schedule import Schedule

from handler.message import MessageLoader
from handler.runtime import Runtime
from handler.telemetry import Telemetry
from handler.tracing import tracer
from ingestor import bootstrap
from ingestor.database import Database
from ingestor.deadline import Deadline
from ingestor.ingest import Worker
from ingestor.queues import ReceivedMessage
from ingestor.settings import OnOverwrite, Settings
from ingestor.sweep import SweepContext, sweep
from ingestor.sweep.partitions import maintain_partitions

LEASE_SECONDS = 300.0
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Installation:
    """What a user chose, and where. Without a queue, `run` does all the work."""

    has_queue: bool
    is_versioned: bool
    on_overwrite: OnOverwrite
    retention_days: int | None
    s3_clock_offset: timedelta

    @property
    def settings(self) -> Settings:
        return Settings(
            buckets=(BUCKET,), on_overwrite=self.on_overwrite, retention_days=self.retention_days,
            chunk_rows=2, lease_seconds=LEASE_SECONDS, max_attempts=MAX_ATTEMPTS, max_reject_ratio=1,
            reconcile_hours=1,
        )  # fmt: skip


class Service:
    """Each verb starts a process, which pauses before its first step."""

    def __init__(self, schedule: Schedule, installation: Installation) -> None:
        self.schedule = schedule
        self.installation = installation
        self.settings = installation.settings
        postgres = schedule.postgres
        self.s3 = ModelS3(
            lambda: postgres.now,
            is_versioned=installation.is_versioned,
            clock_offset=installation.s3_clock_offset,
        )
        self.dead_letters = ModelQueue("dead letters", lambda: postgres.now)
        self.queue = ModelQueue("queue", lambda: postgres.now, self.dead_letters)
        self._numbers = itertools.count(1)
        self._idle_containers: list[Runtime] = []
        self._telemetry = Telemetry(
            Logger(service="model", level="CRITICAL"),
            Metrics(namespace="model", service="model"),
            tracer("model", {}),
        )

    def close(self) -> None:
        for container in self._idle_containers:
            self.schedule.postgres.give_back(container.worker.database)

    def handle(self, message: ModelMessage) -> Process | None:
        """Lambda takes a message; None: that made a dead letter of it."""
        received = self.queue.take(message)
        return None if received is None else self.start("handler", lambda: self._invoke(received))

    def tick(self) -> Process:
        return self.start("sweeper", self.with_tools(sweep))

    def maintain_partitions(self) -> Process:
        """The part of a tick that moves months and drops them."""
        return self.start("partition maintainer", self.with_tools(maintain_partitions))

    def start(self, name: str, work: Callable[[], object]) -> Process:
        return self.schedule.start(f"{name} {next(self._numbers)}", work)

    def with_tools(self, step: Callable[[SweepContext, Deadline], object]) -> Callable[[], object]:
        def work() -> object:
            with self.own_database() as database:
                tools = SweepContext(database, self.s3, self.queue, self.settings, self.dead_letters)
                return step(tools, own_deadline())

        return work

    @contextmanager
    def own_database(self) -> Iterator[Database]:
        """For this process alone."""
        database = self.schedule.postgres.database()
        try:
            yield database
        finally:
            if _is_killed():
                database.close()
            else:
                self.schedule.postgres.give_back(database)

    def _invoke(self, received: ReceivedMessage) -> None:
        """As Lambda's poller and the batch processor do with a message: what raises is delivered again."""
        runtime = self._idle_containers.pop() if self._idle_containers else self._new_container()
        record = SQSRecord(
            {
                "messageId": received.message_id,
                "receiptHandle": received.receipt_handle,
                "body": received.body,
                "attributes": {"ApproximateReceiveCount": str(received.receive_count)},
            }
        )
        try:
            MessageLoader(runtime, own_deadline()).load_message(record)
            self.queue.acknowledge(received.receipt_handle)
        finally:
            runtime.telemetry.metrics.clear_metrics()
            if _is_killed():
                runtime.worker.database.close()
            else:
                self._idle_containers.append(runtime)

    def _new_container(self) -> Runtime:
        """A Lambda's execution environment, which lives from one invocation to the next."""
        worker = stepwise_worker(self.schedule.postgres.database(), self)
        return Runtime(self._telemetry, self.settings, self.s3, worker, self.queue)


def stepwise_worker(database: Database, service: Service) -> Worker:
    """Reads the next chunk when it is asked for: a thread that reads ahead would take steps of its own."""
    return replace(bootstrap.worker(database, service.s3, service.settings), reads_ahead=False)


def _is_killed() -> bool:
    process = current_process()
    return process is not None and process.is_killed
