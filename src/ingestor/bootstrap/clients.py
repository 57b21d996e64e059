"""boto3's clients, each with its time-outs."""

from typing import TYPE_CHECKING

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
    client: S3Client = boto3.client(
        "s3", region_name=settings.aws_region, endpoint_url=settings.endpoint_url, config=config
    )
    return client


def sqs_client(settings: Settings) -> "SQSClient":
    client: SQSClient = boto3.client(
        "sqs", region_name=settings.aws_region, endpoint_url=settings.endpoint_url, config=_client_config()
    )
    return client


def secrets_client(settings: Settings) -> "SecretsManagerClient":
    client: SecretsManagerClient = boto3.client(
        "secretsmanager",
        region_name=settings.aws_region,
        endpoint_url=settings.endpoint_url,
        config=_client_config(),
    )
    return client


def lambda_client(settings: Settings, config: Config | None = None) -> "LambdaClient":
    client: LambdaClient = boto3.client(
        "lambda",
        region_name=settings.aws_region,
        endpoint_url=settings.endpoint_url,
        config=config or _client_config(),
    )
    return client


def scheduler_client(settings: Settings) -> "EventBridgeSchedulerClient":
    client: EventBridgeSchedulerClient = boto3.client(
        "scheduler",
        region_name=settings.aws_region,
        endpoint_url=settings.endpoint_url,
        config=_client_config(),
    )
    return client


def _client_config() -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "max_attempts": 3},
    )
