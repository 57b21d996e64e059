"""`ingestor migrate`."""

import click

from ingestor.cli.database_choice import environment_settings, named_database
from ingestor.cli.terminal import counted, json_option, output, print_json, shown, table
from ingestor.database import MigrationReport, migrate


@click.command("migrate")
@json_option
def migrate_command(*, as_json: bool) -> None:
    """Create or update the tables in the database that DB_* names.

    Safe to run twice, and from two places at once: what is applied already is left alone, and either all of the rest
    is applied or nothing.

    \b
    Example:
      DB_HOST=db.example.com DB_USERNAME=owner DB_PASSWORD=… ingestor migrate
    """
    with named_database(environment_settings()) as database:
        report = migrate(database)
    if as_json:
        print_json(report)
        return
    _show(report)


def _show(report: MigrationReport) -> None:
    rows = table("migration", "state")
    for migration in report.migrations:
        rows.add_row(shown(migration.name), "[green]applied now[/]" if migration.is_new else "already there")
    console = output()
    console.print(rows)
    console.print(
        f"{counted(sum(each.is_new for each in report.migrations), 'migration')} applied, "
        f"{counted(report.partitions_created, 'partition')} of logs created."
    )
