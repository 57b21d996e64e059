"""Secrets kept between invocations: a warm function asks Secrets Manager every few minutes, not every time."""

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from ingestor import bootstrap
from ingestor.errors import DatabaseUnavailableError
from ingestor.settings import Settings

KEPT_SECONDS = 300


class KeptSecrets:
    """A `bootstrap.SecretReader`."""

    def __init__(self, settings: Settings) -> None:
        self._provider = SecretsProvider(boto3_client=bootstrap.secrets_client(settings))

    def __call__(self, arn: str, *, fresh: bool) -> str:
        try:
            text = self._provider.get(arn, max_age=KEPT_SECONDS, force_fetch=fresh)
        except GetParameterError as error:
            raise DatabaseUnavailableError(f"DB_SECRET_ARN {arn}: {error}") from error
        return text.decode() if isinstance(text, bytes) else str(text)
