"""From settings to the things that hold connections; nothing is opened before it is used."""

from ingestor.aws.clients import s3_client, secrets_client, timely_s3_client, timely_sqs_client
from ingestor.aws.login import SecretReader, parameters, secret_reader
from ingestor.database import Database
from ingestor.queues import Queue
from ingestor.queues.sqs import SqsQueue
from ingestor.settings import Settings
from ingestor.sources import Store
from ingestor.sources.s3 import S3Objects

__all__ = [
    "SecretReader",
    "database",
    "dead_letter_queue",
    "queue",
    "s3_client",
    "secrets_client",
    "store",
    "timely_s3_client",
]


def database(settings: Settings, read_secret: SecretReader | None = None) -> Database:
    """`read_secret` may keep what it read: a refused login has it fetched anew.

    Raises ConfigurationError when the settings name no database.
    """
    settings.require_database()
    read = read_secret or secret_reader(settings)
    return Database(
        lambda: parameters(settings, read, fresh=False),
        settings.db_schema,
        renewed=(lambda: parameters(settings, read, fresh=True)) if settings.db_secret_arn else None,
    )


def store(settings: Settings) -> Store:
    return S3Objects(timely_s3_client(settings))


def queue(settings: Settings) -> Queue:
    """Raises ConfigurationError when QUEUE_URL is unset."""
    settings.require("queue_url")
    return SqsQueue(timely_sqs_client(settings), settings.queue_url or "")


def dead_letter_queue(settings: Settings) -> Queue | None:
    """None when DLQ_URL is unset."""
    return SqsQueue(timely_sqs_client(settings), settings.dlq_url) if settings.dlq_url else None
