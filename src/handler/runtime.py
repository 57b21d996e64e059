"""What one Lambda container keeps between invocations: settings, connections, logger, metrics, tracer."""

import os
from dataclasses import dataclass
from functools import cache, partial

from aws_lambda_powertools import Logger, Metrics

from handler.telemetry import Telemetry, segment, service_name
from handler.tracing import tracer
from ingestor import bootstrap
from ingestor.ingest import Worker
from ingestor.settings import Settings
from ingestor.sqs_queue import SqsQueue


@dataclass(frozen=True, slots=True)
class Runtime(Telemetry):
    """Of the function behind the queue."""

    settings: Settings
    worker: Worker
    queue: SqsQueue


@cache
def runtime() -> Runtime:
    """Raises ConfigurationError naming every setting that is wrong or missing."""
    settings = Settings.from_environment(os.environ)
    settings.require("queue_url")
    database = bootstrap.database(settings, secret_reader(settings))
    traces = tracer(service_name(), os.environ)
    return Runtime(
        logger=Logger(service=service_name()),
        metrics=Metrics(namespace="Ingestor", service=service_name()),
        tracer=traces,
        settings=settings,
        worker=Worker(database, bootstrap.s3_objects(settings), settings, stage=partial(segment, traces)),
        queue=bootstrap.sqs_queue(settings),
    )


def secret_reader(settings: Settings) -> bootstrap.SecretReader | None:
    if settings.db_secret_arn is None:
        return None
    from handler.secrets import KeptSecrets  # noqa: PLC0415 - Powertools' parameters take 55 ms to import

    return KeptSecrets(settings)
