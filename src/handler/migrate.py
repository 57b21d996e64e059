"""The Lambda function that brings the tables up to date; invoked once after each deploy, before the first upload."""

import os
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ingestor import bootstrap
from ingestor.database import migrate
from ingestor.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def lambda_handler(_event: dict[str, Any], _context: "LambdaContext") -> dict[str, Any]:
    """What was applied, now and before; the same as `ingestor migrate --json` prints.

    Raises ConfigurationError, SchemaError and DatabaseUnavailableError: the invocation fails with them.
    """
    settings = Settings.from_environment(os.environ)
    with closing(bootstrap.database(settings)) as database:
        return asdict(migrate(database))
