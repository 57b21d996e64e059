"""What one Lambda container keeps between invocations: settings, connections, logger, metrics, tracer."""

import os
from dataclasses import dataclass
from functools import cache

from handler.telemetry import Telemetry, make_telemetry
from ingestor import bootstrap
from ingestor.aws import clients  # noqa: F401 - boto3 is imported while the function starts, where it costs nothing
from ingestor.deadline import Deadline
from ingestor.ingest import Worker
from ingestor.queues import Queue
from ingestor.settings import Settings
from ingestor.sources import ObjectStore


@dataclass(frozen=True, slots=True)
class Runtime:
    """What the function behind the queue keeps."""

    telemetry: Telemetry
    settings: Settings
    objects: ObjectStore
    worker: Worker
    queue: Queue

    def end_with(self, deadline: Deadline) -> None:
        """From now on, neither the database, the store nor the queue is waited for beyond `deadline`."""
        self.worker.database.deadline = deadline
        self.objects.end_with(deadline)
        self.queue.end_with(deadline)


@cache
def runtime() -> Runtime:
    """Raises ConfigurationError naming every setting that is wrong or missing."""
    settings = Settings.from_environment(os.environ)
    settings.require("queue_url", "buckets")
    database = bootstrap.database(settings, secret_reader(settings))
    objects = bootstrap.store(settings)
    telemetry = make_telemetry()
    return Runtime(
        telemetry=telemetry,
        settings=settings,
        objects=objects,
        worker=bootstrap.worker(database, objects, settings, stage=telemetry.segment),
        queue=bootstrap.queue(settings),
    )


def secret_reader(settings: Settings) -> bootstrap.SecretReader | None:
    if settings.db_secret_arn is None:
        return None
    from handler.secrets import KeptSecrets  # noqa: PLC0415 - Powertools' parameters take 55 ms to import

    return KeptSecrets(settings)
