"""`ingestor status`: how the whole service does, or one file's story."""

import click

from ingestor import ledger
from ingestor.cli.support.database_choice import chosen_database, environment_settings
from ingestor.cli.support.file_choice import chosen_file
from ingestor.cli.support.terminal import json_option, plain_facts, print_json
from ingestor.cli.views.advice import file_facts, needed_of_person
from ingestor.cli.views.file_view import show_story
from ingestor.cli.views.overview_view import show_overview
from ingestor.database import REPORT


@click.command()
@click.argument("key", required=False, metavar="[KEY]")
@json_option
def status(*, key: str | None, as_json: bool) -> None:
    """Say how loading goes; with KEY, tell one file's whole story.

    First what needs a person, with what to do; then the files by state, throughput, lag and the newest failures. KEY
    is s3://BUCKET/KEY, a key, a file of this machine, or the end of a key that no other has.

    \b
    Examples:
      ingestor status
      ingestor status s3://my-logs/2026/11/23/app.json.gz
      ingestor status my.json.gz
      ingestor status --json | jq '.needs_person[].uri'
    """
    # Shown when the transaction is over: who reads may pause, and a transaction mustn't.
    with chosen_database(environment_settings()) as database:
        if key is None:
            with database.transaction(REPORT) as connection:
                overview = ledger.read_overview(connection)
            _show_overview(overview, as_json=as_json)
            return
        with database.transaction(REPORT) as connection:
            story = ledger.file_story(connection, chosen_file(connection, key, as_json=as_json))
        if as_json:
            print_json(_story_facts(story))
        else:
            show_story(story)


def _show_overview(overview: ledger.Overview, *, as_json: bool) -> None:
    if not as_json:
        show_overview(overview)
        return
    facts = plain_facts(
        overview,
        needs_person=[file_facts(each, to_do=needed_of_person(each)) for each in overview.needs_person],
        longest_failing=overview.longest_failing and file_facts(overview.longest_failing),
        newest_failures=[file_facts(each) for each in overview.newest_failures],
        oldest_unfinished=overview.oldest_unfinished and file_facts(overview.oldest_unfinished),
    )
    print_json(facts)


def _story_facts(story: ledger.Story) -> dict[str, object]:
    return file_facts(
        story.file,
        first_rejected=[
            plain_facts(each, raw=each.raw.decode("utf-8", "replace")) for each in story.first_rejected
        ],
        events=story.events,
    )
