"""The type of --since: a date or a time."""

from datetime import datetime

import click

from ingestor.settings import moment_of


class Moment(click.ParamType[datetime]):
    """A date or a time in ISO 8601; without a zone, UTC."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return moment_of(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a date (2026-11-23) or time (2026-11-23T12:00:00Z)", param, ctx)


since_option = click.option(
    "--since",
    type=Moment(),
    metavar="TIME",
    help="Only objects uploaded at or after this date (2026-11-23) or time (2026-11-23T12:00:00Z).",
)
