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
from ingestor.sweep import SweepTools

SERVICE = "ingestor"
"""Where POWERTOOLS_SERVICE_NAME, in the template the stack's name, says nothing: two stacks must not share metrics."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """How a function is seen from outside."""

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


@dataclass(frozen=True, slots=True)
class Runtime(Telemetry):
    """Of the function behind the queue."""

    settings: Settings
    worker: Worker
    queue: SqsQueue


@dataclass(frozen=True, slots=True)
class SweepRuntime(Telemetry):
    """Of the function behind the schedule."""

    tools: SweepTools


@cache
def runtime() -> Runtime:
    """Raises ConfigurationError naming every setting that is wrong or missing."""
    settings = Settings.from_environment(os.environ)
    settings.require("queue_url")
    database = bootstrap.database(settings, secret_reader(settings))
    return Runtime(
        logger=Logger(service=_service()),
        metrics=Metrics(namespace="Ingestor", service=_service()),
        tracer=tracer(_service(), os.environ),
        settings=settings,
        worker=Worker(database, bootstrap.s3_objects(settings), settings),
        queue=bootstrap.sqs_queue(settings),
    )


@cache
def sweep_runtime() -> SweepRuntime:
    """Raises ConfigurationError naming every setting that is wrong or missing."""
    settings = Settings.from_environment(os.environ)
    return SweepRuntime(
        logger=Logger(service=_service()),
        metrics=Metrics(namespace="Ingestor", service=_service()),
        tracer=tracer(_service(), os.environ),
        tools=bootstrap.sweep_tools(settings, secret_reader(settings)),
    )


def _service() -> str:
    return os.environ.get("POWERTOOLS_SERVICE_NAME", SERVICE)


def secret_reader(settings: Settings) -> bootstrap.SecretReader | None:
    if settings.db_secret_arn is None:
        return None
    from handler.secrets import KeptSecrets  # noqa: PLC0415 - Powertools' parameters take 55 ms to import

    return KeptSecrets(settings)
