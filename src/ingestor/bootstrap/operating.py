"""What only the sweeper and the commands work with; the handler starts without it."""

from botocore.config import Config

from ingestor import bootstrap
from ingestor.aws.bucket_notifications import BucketNotifications
from ingestor.aws.clients import (
    CONNECT_TIMEOUT_SECONDS,
    lambda_client,
    s3_client,
    scheduler_client,
    sqs_client,
)
from ingestor.aws.event_source import EventSources, Schedules
from ingestor.aws.operate_function import OperateFunction
from ingestor.aws.queue_attributes import QueueAttributes, read_queue_attributes
from ingestor.aws.secret_reader import SecretReader
from ingestor.settings import Settings
from ingestor.sweep.context import SweepContext

OPERATE_SECONDS = 330
"""The operate function's own time-out is 300 s."""


def sweep_context(settings: Settings, read_secret: SecretReader | None = None) -> SweepContext:
    """Raises ConfigurationError when the settings name no database or no queue."""
    settings.require("queue_url")
    return SweepContext(
        database=bootstrap.database(settings, read_secret),
        objects=bootstrap.store(settings),
        queue=bootstrap.queue(settings),
        dead_letters=bootstrap.dead_letter_queue(settings),
        settings=settings,
        actions=bootstrap.object_actions(settings),
    )


def bucket_notifications(settings: Settings) -> BucketNotifications:
    return BucketNotifications(s3_client(settings))


def queue_attributes(settings: Settings, url: str) -> QueueAttributes:
    """Raises ServiceUnavailableError."""
    return read_queue_attributes(sqs_client(settings), url)


def event_sources(settings: Settings) -> EventSources:
    return EventSources(lambda_client(settings))


def schedules(settings: Settings) -> Schedules:
    return Schedules(scheduler_client(settings))


def operate_function(settings: Settings, name: str) -> OperateFunction:
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=OPERATE_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1},  # a lost answer isn't a command not done
        tcp_keepalive=True,  # gateways forget a connection that is silent for 350 s
    )
    return OperateFunction(lambda_client(settings, config), name)
