"""boto3's clients, each with its time-outs."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from ingestor.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 20
S3_READ_TIMEOUT_SECONDS = 10
"""A body that stalls this long is asked for again from where it stopped."""

S3_ATTEMPTS = 2
"""Of each request; a broken body is resumed and a failed file retried besides. So 31 s at most without an answer:
5 s to connect and 10 s to read, twice, and botocore's pause of up to 1 s."""


def s3_client(settings: Settings) -> "S3Client":
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=S3_READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": S3_ATTEMPTS},
    )
    client: S3Client = _client("s3", settings, config)
    return client


def sqs_client(settings: Settings) -> "SQSClient":
    client: SQSClient = _client("sqs", settings)
    return client


def secrets_client(settings: Settings) -> "SecretsManagerClient":
    client: SecretsManagerClient = _client("secretsmanager", settings)
    return client


def lambda_client(settings: Settings, config: Config | None = None) -> "LambdaClient":
    client: LambdaClient = _client("lambda", settings, config)
    return client


def scheduler_client(settings: Settings) -> "EventBridgeSchedulerClient":
    client: EventBridgeSchedulerClient = _client("scheduler", settings)
    return client


def _client(service: str, settings: Settings, config: Config | None = None) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    usual = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "max_attempts": 3},
    )
    make: Callable[..., Any] = boto3.client  # its stubs have an overload for each name, and none for a name
    return make(
        service, region_name=settings.aws_region, endpoint_url=settings.endpoint_url, config=config or usual
    )
