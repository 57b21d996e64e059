"""What one Lambda container keeps between invocations: settings, connections, logger, metrics, tracer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

from handler.tracing import tracer
from ingestor import bootstrap
from ingestor.ingest import Worker
from ingestor.settings import Settings
from ingestor.sqs_queue import SqsQueue

SERVICE = "ingestor"


@dataclass(frozen=True, slots=True)
class Runtime:
    settings: Settings
    worker: Worker
    queue: SqsQueue
    logger: Logger
    metrics: Metrics
    tracer: Tracer

    def count(self, name: str, value: float, unit: MetricUnit = MetricUnit.Count) -> None:
        self.metrics.add_metric(name=name, unit=unit, value=value)

    def flush_metrics(self) -> None:
        if self.metrics.metric_set:
            self.metrics.flush_metrics()

    @contextmanager
    def segment(self, name: str) -> Iterator[None]:
        """An X-Ray subsegment, where there is an X-Ray."""
        with self.tracer.provider.in_subsegment(name=f"## {name}"):
            yield


@cache
def runtime() -> Runtime:
    """Raises ConfigurationError naming every setting that is wrong or missing."""
    settings = Settings.from_environment(os.environ)
    settings.require("queue_url")
    return Runtime(
        settings=settings,
        worker=Worker(bootstrap.database(settings), bootstrap.s3_objects(settings), settings),
        queue=bootstrap.sqs_queue(settings),
        logger=Logger(service=SERVICE),
        metrics=Metrics(namespace="Ingestor", service=SERVICE),
        tracer=tracer(SERVICE, os.environ),
    )
