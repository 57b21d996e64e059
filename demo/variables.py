"""The variables that a stack's commands read, as a shell takes them."""

import shlex
from collections.abc import Mapping

from demo.programs import REGION

from ingestor.database import ConnectionParameters

ANY_KEY = "test"
"""ministack takes whatever it is given."""


def database_variables(database: ConnectionParameters) -> dict[str, str]:
    return {
        "DB_HOST": database.host,
        "DB_PORT": str(database.port),
        "DB_NAME": database.dbname,
        "DB_USERNAME": database.user,
        "DB_PASSWORD": database.password,
        "DB_SSLMODE": database.sslmode,
    }


def cloud_variables(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ANY_KEY,
        "AWS_SECRET_ACCESS_KEY": ANY_KEY,
    }


def queue_variables(bucket: str, queue_url: str, dead_letter_queue_url: str) -> dict[str, str]:
    return {"BUCKETS": bucket, "QUEUE_URL": queue_url, "DLQ_URL": dead_letter_queue_url}


def exports(*groups: Mapping[str, str]) -> str:
    """A line for each group."""
    return "".join(f"  export {_assignments(group)}\n" for group in groups)


def _assignments(variables: Mapping[str, str]) -> str:
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
