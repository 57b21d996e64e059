"""`ingestor migrate`: the tables are created or updated."""

import click

from ingestor.cli.support.database_choice import environment_settings, named_database
from ingestor.cli.support.terminal import counted, json_option, output, plain_facts, print_json, shown, table
from ingestor.database import MigrationReport, migrate, record_retention


@click.command("migrate")
@json_option
def migrate_command(*, as_json: bool) -> None:
    """Create or update the tables in the database that DB_* names.

    Safe to run twice, and from two places at once: applied migrations are skipped, and of the rest all are applied or
    none. RETENTION_DAYS, if set, is recorded in the database: a sweeper whose user doesn't own the tables drops no
    younger logs.

    \b
    Examples:
      DB_HOST=db.example.com DB_USERNAME=owner DB_PASSWORD=… ingestor migrate
      RETENTION_DAYS=90 ingestor migrate
    """
    settings = environment_settings()
    with named_database(settings) as database:
        report = migrate(database)
        retention_days = record_retention(database, settings.retention_days)
    if as_json:
        print_json(plain_facts(report, retention_days=retention_days))
        return
    _show(report)
    if retention_days is not None:
        output().print(f"RETENTION_DAYS: logs older than {counted(retention_days, 'day')} may be dropped.")


def _show(report: MigrationReport) -> None:
    rows = table("migration", "state")
    for migration in report.migrations:
        rows.add_row(shown(migration.name), "[green]applied[/]" if migration.is_new else "already applied")
    console = output()
    console.print(rows)
    console.print(
        f"{counted(sum(each.is_new for each in report.migrations), 'migration')} applied, "
        f"{counted(report.partitions_created, 'partition')} of logs created."
    )
