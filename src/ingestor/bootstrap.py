"""From settings to the things that hold connections; nothing is opened before it is used."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from ingestor.bucket_notifications import BucketNotifications
from ingestor.database import ConnectionParameters, Database
from ingestor.errors import ConfigurationError, DatabaseUnavailableError
from ingestor.event_source import EventSources, Schedules
from ingestor.operate_function import OperateFunction
from ingestor.s3_object import S3Objects
from ingestor.settings import Settings
from ingestor.sqs_queue import SqsQueue
from ingestor.sweep.tools import SweepTools

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 20
OPERATE_SECONDS = 330
"""The operate function's own time-out is 300 s."""

S3_READ_TIMEOUT_SECONDS = 10
"""A body that stalls this long is asked for again from where it stopped."""

S3_ATTEMPTS = 2
"""Of each request; a broken body is resumed and a failed file retried besides. So 31 s at most without an answer:
5 s to connect and 10 s to read, twice, and botocore's pause of up to 1 s."""


class SecretReader(Protocol):
    """Reads the text of a secret; `fresh`: not from a cache. Raises DatabaseUnavailableError."""

    def __call__(self, arn: str, *, fresh: bool) -> str: ...


def database(settings: Settings, read_secret: SecretReader | None = None) -> Database:
    """`read_secret` may keep what it read: a refused login has it fetched anew.

    Raises ConfigurationError when the settings name no database.
    """
    settings.require_database()
    read = read_secret or _secret_reader(settings)
    return Database(
        lambda: _parameters(settings, read, fresh=False),
        settings.db_schema,
        renewed=(lambda: _parameters(settings, read, fresh=True)) if settings.db_secret_arn else None,
    )


def s3_objects(settings: Settings) -> S3Objects:
    return S3Objects(s3_client(settings))


def sqs_queue(settings: Settings) -> SqsQueue:
    """Raises ConfigurationError when QUEUE_URL is unset."""
    settings.require("queue_url")
    return SqsQueue(_sqs_client(settings), settings.queue_url or "")


def dead_letter_queue(settings: Settings) -> SqsQueue | None:
    """None when DLQ_URL is unset."""
    return SqsQueue(_sqs_client(settings), settings.dlq_url) if settings.dlq_url else None


def sweep_tools(settings: Settings, read_secret: SecretReader | None = None) -> SweepTools:
    """Raises ConfigurationError when the settings name no database or no queue."""
    settings.require("queue_url")
    return SweepTools(
        database=database(settings, read_secret),
        objects=s3_objects(settings),
        queue=sqs_queue(settings),
        dead_letters=dead_letter_queue(settings),
        settings=settings,
    )


def bucket_notifications(settings: Settings) -> BucketNotifications:
    return BucketNotifications(s3_client(settings))


def event_sources(settings: Settings) -> EventSources:
    client: LambdaClient = boto3.client(
        "lambda", region_name=settings.aws_region, endpoint_url=settings.endpoint_url, config=_client_config()
    )
    return EventSources(client)


def schedules(settings: Settings) -> Schedules:
    client: EventBridgeSchedulerClient = boto3.client(
        "scheduler",
        region_name=settings.aws_region,
        endpoint_url=settings.endpoint_url,
        config=_client_config(),
    )
    return Schedules(client)


def operate_function(settings: Settings, name: str) -> OperateFunction:
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=OPERATE_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1},  # a lost answer isn't a command not done
        tcp_keepalive=True,  # gateways forget a connection that is silent for 350 s
    )
    client: LambdaClient = boto3.client(
        "lambda", region_name=settings.aws_region, endpoint_url=settings.endpoint_url, config=config
    )
    return OperateFunction(client, name)


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


def _sqs_client(settings: Settings) -> "SQSClient":
    client: SQSClient = boto3.client(
        "sqs", region_name=settings.aws_region, endpoint_url=settings.endpoint_url, config=_client_config()
    )
    return client


def _client_config() -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "max_attempts": 3},
    )


def _parameters(settings: Settings, read_secret: SecretReader, *, fresh: bool) -> ConnectionParameters:
    if settings.db_secret_arn is not None:
        text = read_secret(settings.db_secret_arn, fresh=fresh)
        settings = _with_secret(settings, settings.db_secret_arn, text)
    parameters = ConnectionParameters.from_settings(settings)
    return replace(parameters, password=_token(settings, parameters)) if settings.db_iam_auth else parameters


def _token(settings: Settings, parameters: ConnectionParameters) -> str:
    """Signed right here, without a call; good for 15 minutes, in which a connection must be opened.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html
    """
    client = boto3.client("rds", region_name=settings.aws_region)
    try:
        token: str = client.generate_db_auth_token(
            DBHostname=parameters.host, Port=parameters.port, DBUsername=parameters.user
        )
    except BotoCoreError as error:
        raise DatabaseUnavailableError(f"{parameters.address}: no IAM token: {error}") from error
    return token


def _with_secret(settings: Settings, arn: str, text: str) -> Settings:
    """The secret's fields are RDS's: username, password, and host, port, dbname where DB_* doesn't say.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
    """
    secret = _fields_of_secret(arn, text)
    from_secret: dict[str, object] = {
        "db_host": secret.get("host"),
        "db_port": secret.get("port"),
        "db_name": secret.get("dbname"),
        "db_username": secret.get("username"),
    }
    given = settings.model_fields_set
    update = {name: value for name, value in from_secret.items() if value is not None and name not in given}
    if "password" in secret:
        update["db_password"] = SecretStr(str(secret["password"]))
    complete = settings.model_copy(update=update)
    complete.require("db_host", "db_username", "db_password")
    return complete


def _fields_of_secret(arn: str, text: str) -> dict[str, str]:
    try:
        secret = json.loads(text)
    except ValueError:
        raise ConfigurationError(f"DB_SECRET_ARN {arn}: not a JSON secret") from None
    if not isinstance(secret, dict):
        raise ConfigurationError(f"DB_SECRET_ARN {arn}: not a JSON object")
    return secret


def secrets_client(settings: Settings) -> "SecretsManagerClient":
    client: SecretsManagerClient = boto3.client(
        "secretsmanager",
        region_name=settings.aws_region,
        endpoint_url=settings.endpoint_url,
        config=_client_config(),
    )
    return client


def _secret_reader(settings: Settings) -> SecretReader:
    """Keeps nothing: for commands, which connect once."""

    def read(arn: str, *, fresh: bool) -> str:  # noqa: ARG001 - always fresh
        try:
            return secrets_client(settings).get_secret_value(SecretId=arn)["SecretString"]
        except (BotoCoreError, ClientError) as error:
            raise DatabaseUnavailableError(f"DB_SECRET_ARN {arn}: {error}") from error
        except KeyError:
            raise ConfigurationError(f"DB_SECRET_ARN {arn}: not a text secret") from None

    return read
