"""The Lambda function that brings the tables up to date: for CloudFormation on each deploy, and by hand."""

import os
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from handler.custom_resource import CustomResource
from handler.failures import with_harmless_failures
from ingestor import bootstrap
from ingestor.database import MigrationReport, migrate, record_retention
from ingestor.deadline import Deadline
from ingestor.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@with_harmless_failures
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any] | None:
    """Returns which migrations were applied now and before, as `ingestor migrate --json` prints them.

    Invoked by hand, it raises ConfigurationError, SchemaError and DatabaseUnavailableError. CloudFormation is always
    answered, with the error in the stack's events; deleting the stack leaves the tables as they are.
    """
    deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000)
    if "ResponseURL" in event:
        CustomResource(event, context, "ingestor-schema").answer(lambda: _told_to_cloudformation(deadline))
        return None
    done = _migrate(deadline)
    return asdict(done.report) | {"retention_days": done.retention_days}


@dataclass(frozen=True, slots=True)
class _Migrated:
    """`retention_days`: what is recorded now."""

    report: MigrationReport
    retention_days: int | None


def _told_to_cloudformation(deadline: Deadline) -> dict[str, str]:
    report = _migrate(deadline).report
    return {
        "Applied": ", ".join(each.name for each in report.migrations if each.is_new),
        "Latest": report.migrations[-1].name,
    }


def _migrate(deadline: Deadline) -> _Migrated:
    settings = Settings.from_environment(os.environ)
    with closing(bootstrap.database(settings)) as database:
        database.deadline = deadline
        return _Migrated(migrate(database), record_retention(database, settings.retention_days))
