"""boto3's clients, each with its time-outs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from ingestor.aws.errors import configuration_error
from ingestor.aws.timely import TimelyClient, Waits
from ingestor.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class ClientTimeouts:
    """How long a client waits, in seconds, and how often it asks."""

    connect: float
    read: float
    attempts: int

    @property
    def at_most(self) -> float:
        """The longest wait without an answer. botocore pauses up to 1, 2, 4 s between attempts."""
        pauses = sum(1 << number for number in range(self.attempts - 1))
        return self.attempts * (self.connect + self.read) + pauses

    @property
    def config(self) -> Config:
        return Config(
            connect_timeout=self.connect,
            read_timeout=self.read,
            retries={"mode": "standard", "total_max_attempts": self.attempts},
        )


CONNECT_TIMEOUT_SECONDS = 5

USUAL = ClientTimeouts(connect=CONNECT_TIMEOUT_SECONDS, read=20, attempts=4)
"""For Lambda and EventBridge Scheduler, which only people's commands ask."""

USUAL_OF_S3 = ClientTimeouts(connect=CONNECT_TIMEOUT_SECONDS, read=10, attempts=2)
"""A body that stalls for so long is asked for again from where it stopped; a broken one is resumed and a failed file
retried besides. 31 s at most without an answer."""

USUAL_OF_SQS = ClientTimeouts(connect=CONNECT_TIMEOUT_SECONDS, read=10, attempts=4)
"""67 s at most: SQS throttles and stumbles for a moment, and what is refused then is a whole page to be sent again."""

SECRETS = ClientTimeouts(connect=2, read=2, attempts=2)
"""9 s at most: less than an invocation keeps for its last steps. Asked within one, when a connection is opened."""

HURRIED_OF_S3 = ClientTimeouts(connect=2, read=3, attempts=1)
HURRIED_OF_SQS = ClientTimeouts(connect=0.5, read=1, attempts=1)

KEPT_AFTER_S3_SECONDS = 3
"""Kept after an answer of S3, for the ledger and the queue. After SQS there is nothing left to do."""


def s3_client(settings: Settings, timeouts: ClientTimeouts = USUAL_OF_S3) -> "S3Client":
    client: S3Client = _client("s3", settings, timeouts.config)
    return client


def timely_s3_client(settings: Settings) -> "TimelyClient[S3Client]":
    waits = Waits(USUAL_OF_S3.at_most, HURRIED_OF_S3.at_most, KEPT_AFTER_S3_SECONDS)
    return TimelyClient(s3_client(settings), partial(s3_client, settings, HURRIED_OF_S3), waits)


def sqs_client(settings: Settings, timeouts: ClientTimeouts = USUAL_OF_SQS) -> "SQSClient":
    client: SQSClient = _client("sqs", settings, timeouts.config)
    return client


def timely_sqs_client(settings: Settings) -> "TimelyClient[SQSClient]":
    waits = Waits(USUAL_OF_SQS.at_most, HURRIED_OF_SQS.at_most, kept=0)
    return TimelyClient(sqs_client(settings), partial(sqs_client, settings, HURRIED_OF_SQS), waits)


def secrets_client(settings: Settings) -> "SecretsManagerClient":
    client: SecretsManagerClient = _client("secretsmanager", settings, SECRETS.config)
    return client


def lambda_client(settings: Settings, config: Config | None = None) -> "LambdaClient":
    client: LambdaClient = _client("lambda", settings, config)
    return client


def scheduler_client(settings: Settings) -> "EventBridgeSchedulerClient":
    client: EventBridgeSchedulerClient = _client("scheduler", settings)
    return client


def rds_client(settings: Settings) -> Any:  # noqa: ANN401 - for one call no package of its types is brought along
    """For signing tokens only: it asks nobody, so there is no endpoint."""
    return _made("rds", region_name=settings.aws_region)


def _client(service: str, settings: Settings, config: Config | None = None) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """Raises ConfigurationError without a region, with half of a login, an unknown profile or a wrong endpoint."""
    options: dict[str, Any] = {"config": config or USUAL.config}
    return _made(service, region_name=settings.aws_region, endpoint_url=settings.endpoint_url, **options)


def _made(service: str, **options: Any) -> Any:  # noqa: ANN401 - the same
    make: Callable[..., Any] = boto3.client  # its stubs have an overload for each name, and none for a name
    try:
        return make(service, **options)
    except (BotoCoreError, ValueError) as error:
        raise configuration_error(error) from error
