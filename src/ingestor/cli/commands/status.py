"""`ingestor status`: loading status, or one file's history."""

import click

from ingestor import ledger
from ingestor.cli.support.database_choice import environment_settings, existing_database
from ingestor.cli.support.file_choice import chosen_file
from ingestor.cli.support.terminal import json_option, plain_facts, print_json
from ingestor.cli.views.advice import file_facts, first_command, what_to_do
from ingestor.cli.views.file_view import show_history
from ingestor.cli.views.overview_view import show_overview
from ingestor.database import REPORT
from ingestor.settings import Settings


@click.command()
@click.argument("key", required=False, metavar="[KEY]")
@json_option
def status(*, key: str | None, as_json: bool) -> None:
    """Show loading status, or one file's history.

    Lists the files that need attention first, with what to do; then file counts by state, throughput, lag, what waits
    or fails longest, and other failures. KEY is s3://BUCKET/KEY, a key, a local file, or the end of a key if only one
    key ends so.

    \b
    Examples:
      ingestor status
      ingestor status s3://my-logs/2026/11/23/app.json.gz
      ingestor status my.json.gz
      ingestor status --json | jq '.needs_person[].uri'
    """
    # Printed after the transaction: a pager may block output for long.
    settings = environment_settings()
    with existing_database(settings) as database:
        if key is None:
            with database.transaction(REPORT) as connection:
                overview = ledger.read_overview(connection)
            _show_overview(overview, settings, as_json=as_json)
            return
        with database.transaction(REPORT) as connection:
            history = ledger.file_history(connection, chosen_file(connection, key, as_json=as_json))
        if as_json:
            print_json(_history_facts(history))
        else:
            show_history(history)


def _show_overview(overview: ledger.Overview, settings: Settings, *, as_json: bool) -> None:
    if not as_json:
        show_overview(overview, first_command=first_command(settings))
        return
    facts = plain_facts(
        overview,
        needs_person=[file_facts(each, to_do=what_to_do(each)) for each in overview.needs_person],
        longest_failing=overview.longest_failing and file_facts(overview.longest_failing),
        newest_failures=[file_facts(each) for each in overview.newest_failures],
        oldest_unfinished=overview.oldest_unfinished and file_facts(overview.oldest_unfinished),
    )
    print_json(facts)


def _history_facts(history: ledger.FileHistory) -> dict[str, object]:
    return file_facts(
        history.file,
        first_rejected=[
            plain_facts(each, raw=each.raw.decode("utf-8", "replace")) for each in history.first_rejected
        ],
        events=history.events,
    )
