"""From settings to the things that hold connections; nothing is opened before it is used.

boto3 takes a fifth of a second to import, so each function imports what only it needs: whoever loads local files into
a database that is given waits for none of it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from ingestor.aws.secret_reader import SecretReader
from ingestor.bootstrap.formats import JSON, KNOWN_FORMATS
from ingestor.database import Database
from ingestor.formats.json import JsonFormat
from ingestor.ingest import Worker
from ingestor.ingest.worker import unreported, untraced
from ingestor.ledger import Claim
from ingestor.processors import Processor, Steps
from ingestor.queues import Queue
from ingestor.routing import Router, always
from ingestor.routing.configuration_file import find_configuration
from ingestor.routing.detection import DetectingRouter, Detection
from ingestor.routing.processed_format import ProcessedFormat
from ingestor.settings import Settings
from ingestor.sinks import RowSink
from ingestor.sinks.postgres import PostgresSink
from ingestor.sources import ObjectActions, ObjectStore, Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from ingestor.routing.configuration import RuleSet

__all__ = [
    "SecretReader",
    "database",
    "dead_letter_queue",
    "object_actions",
    "queue",
    "router",
    "row_sink",
    "rule_set",
    "s3_client",
    "secrets_client",
    "store",
    "worker",
]

DETECTION = Detection(KNOWN_FORMATS, JSON)


def database(settings: Settings, read_secret: SecretReader | None = None) -> Database:
    """`read_secret` may keep what it read: a refused login has it fetched anew.

    Raises ConfigurationError when the settings name no database.
    """
    from ingestor.aws.login import parameters, secret_reader

    settings.require_database()
    read = read_secret or secret_reader(settings)
    return Database(
        lambda: parameters(settings, read, fresh=False),
        settings.db_schema,
        renewed=(lambda: parameters(settings, read, fresh=True)) if settings.db_secret_arn else None,
    )


def store(settings: Settings) -> ObjectStore:
    from ingestor.aws.clients import timely_s3_client
    from ingestor.sources.s3 import S3Objects

    return S3Objects(timely_s3_client(settings))


def object_actions(settings: Settings) -> ObjectActions:
    from ingestor.aws.clients import timely_s3_client
    from ingestor.sources.s3.actions import S3Actions

    return S3Actions(timely_s3_client(settings))


def queue(settings: Settings) -> Queue:
    """Raises ConfigurationError when QUEUE_URL is unset."""
    settings.require("queue_url")
    return _sqs(settings, settings.queue_url or "")


def dead_letter_queue(settings: Settings) -> Queue | None:
    """None when DLQ_URL is unset."""
    return _sqs(settings, settings.dlq_url) if settings.dlq_url else None


def row_sink() -> RowSink:
    return PostgresSink()


def worker(
    database: Database,
    source: Source,
    settings: Settings,
    *,
    routes: Router | None = None,
    processors: Sequence[Processor] = (),
    stage: Callable[[str], AbstractContextManager[object]] = untraced,
    on_claim: Callable[[Claim], None] = unreported,
) -> Worker:
    """One that writes to PostgreSQL. `routes` None: those of `router`. With `processors`, all files are JSON, and these
    see each entry in this order.

    Raises ConfigurationError as `router` does.
    """
    if processors:
        routes = always(ProcessedFormat(JsonFormat(), Steps(changes=tuple(processors))))
    return Worker(
        database, source, settings, routes or router(settings), row_sink(), stage=stage, on_claim=on_claim
    )


def router(settings: Settings) -> Router:
    """By the rules of `ingestor.toml`, where there is one. Raises ConfigurationError with all of its mistakes."""
    rules = rule_set(settings)
    return DetectingRouter(DETECTION) if rules is None else rules.router(DETECTION)


def rule_set(settings: Settings) -> "RuleSet | None":
    """None: there is no `ingestor.toml`. Raises ConfigurationError with all of its mistakes."""
    source = find_configuration(settings.ingestor_config)
    if source is None:
        return None
    from ingestor.routing.configuration import read_configuration

    return read_configuration(source, DETECTION)


def s3_client(settings: Settings) -> "S3Client":
    from ingestor.aws import clients

    return clients.s3_client(settings)


def secrets_client(settings: Settings) -> "SecretsManagerClient":
    from ingestor.aws import clients

    return clients.secrets_client(settings)


def _sqs(settings: Settings, url: str) -> Queue:
    from ingestor.aws.clients import timely_sqs_client
    from ingestor.queues.sqs import SqsQueue

    return SqsQueue(timely_sqs_client(settings), url)
