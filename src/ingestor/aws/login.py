"""How we log in to the database: with a password of the environment, of a secret, or with a token of IAM."""

import json
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from ingestor.aws.clients import rds_client, secrets_client
from ingestor.aws.errors import service_error
from ingestor.aws.secret_reader import SecretReader
from ingestor.database import ConnectionParameters
from ingestor.errors import ConfigurationError, DatabaseUnavailableError
from ingestor.settings import Settings


def parameters(settings: Settings, read_secret: SecretReader, *, fresh: bool) -> ConnectionParameters:
    """Raises ConfigurationError naming what is missing, DatabaseUnavailableError without a secret or a token."""
    if settings.db_secret_arn is not None:
        text = read_secret(settings.db_secret_arn, fresh=fresh)
        settings = _with_secret(settings, settings.db_secret_arn, text)
    found = ConnectionParameters.from_settings(settings)
    return replace(found, password=_token(settings, found)) if settings.db_iam_auth else found


def _token(settings: Settings, found: ConnectionParameters) -> str:
    """Signed right here, without a call; good for 15 minutes, in which a connection must be opened.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html
    """
    try:
        client = rds_client(settings)
        token: str = client.generate_db_auth_token(
            DBHostname=found.host, Port=found.port, DBUsername=found.user
        )
    except BotoCoreError as error:
        raise service_error(f"{found.address}: no IAM token", error, kind=DatabaseUnavailableError) from error
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
        password = secret["password"]
        update["db_password"] = str(password) if isinstance(password, int) else password
    try:
        complete = settings.with_database(**update)
        complete.require("db_host", "db_username", "db_password")
    except ConfigurationError as error:
        raise ConfigurationError(f"DB_SECRET_ARN {arn}: {error}") from None
    return complete


def _fields_of_secret(arn: str, text: str) -> dict[str, object]:
    try:
        secret = json.loads(text)
    except ValueError:
        raise ConfigurationError(f"DB_SECRET_ARN {arn}: not a JSON secret") from None
    if not isinstance(secret, dict):
        raise ConfigurationError(f"DB_SECRET_ARN {arn}: not a JSON object")
    return secret


def secret_reader(settings: Settings) -> SecretReader:
    """Reads the secret at each call; commands connect only once."""

    def read(arn: str, *, fresh: bool) -> str:  # noqa: ARG001 - always fresh
        try:
            return secrets_client(settings).get_secret_value(SecretId=arn)["SecretString"]
        except (BotoCoreError, ClientError) as error:
            needs = "secretsmanager:GetSecretValue"
            raise service_error(
                f"DB_SECRET_ARN {arn}", error, kind=DatabaseUnavailableError, needs=needs
            ) from error
        except KeyError:
            raise ConfigurationError(f"DB_SECRET_ARN {arn}: not a text secret") from None

    return read
