"""`ingestor status`: how the whole service does, or one file's story."""

import os
from dataclasses import dataclass

import click

from ingestor import ledger
from ingestor.cli.advice import needed_of_person, what_happens_next
from ingestor.cli.database_choice import chosen_database, environment_settings
from ingestor.cli.file_view import show_matches, show_story
from ingestor.cli.group import FAILED
from ingestor.cli.overview_view import show_overview
from ingestor.cli.terminal import json_option, plain_facts, print_json, say
from ingestor.ledger.story import SHOWN_MATCHES


@dataclass(frozen=True, slots=True)
class _Asked:
    """KEY, and the local path it may be, links followed as a local file's key has them."""

    text: str
    path: str

    @classmethod
    def of(cls, key: str) -> "_Asked":
        text = key.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return cls(text, os.path.realpath(text))


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
    with chosen_database(environment_settings()) as database, database.transaction() as connection:
        if key is None:
            _overview(connection, as_json=as_json)
        else:
            _file(connection, _Asked.of(key), as_json=as_json)


def _overview(connection: ledger.Connection, *, as_json: bool) -> None:
    overview = ledger.read_overview(connection)
    if not as_json:
        show_overview(overview)
        return
    facts = plain_facts(
        overview,
        needs_person=[_facts(each, to_do=needed_of_person(each)) for each in overview.needs_person],
        newest_failures=[_facts(each) for each in overview.newest_failures],
        oldest_unfinished=overview.oldest_unfinished and _facts(overview.oldest_unfinished),
    )
    print_json(facts)


def _file(connection: ledger.Connection, asked: _Asked, *, as_json: bool) -> None:
    matches = ledger.matching_files(connection, asked.text, path=asked.path)
    if len(matches) == 1:
        story = ledger.file_story(connection, matches[0])
        if as_json:
            print_json(_story_facts(story))
        else:
            show_story(story)
        return
    _explain_no_single_match(asked.text, matches, as_json=as_json)
    click.get_current_context().exit(FAILED)


def _explain_no_single_match(asked: str, matches: list[ledger.FileRecord], *, as_json: bool) -> None:
    if matches:
        more = "more than " if len(matches) > SHOWN_MATCHES else ""
        number = min(len(matches), SHOWN_MATCHES)
        say(f"{asked}: {more}{number} files match; name one of them in full")
    else:
        say(f"{asked}: the ledger knows no such file; it was never announced, loaded or tried")
    shown = matches[:SHOWN_MATCHES]
    if as_json:
        print_json({"matches": [_facts(each) for each in shown]})
    elif shown:
        show_matches(shown)


def _story_facts(story: ledger.Story) -> dict[str, object]:
    return _facts(
        story.file,
        first_rejected=[
            plain_facts(each, raw=each.raw.decode("utf-8", "replace")) for each in story.first_rejected
        ],
        events=story.events,
    )


def _facts(file: ledger.FileRecord, **more: object) -> dict[str, object]:
    return {"uri": file.uri, **plain_facts(file, next=what_happens_next(file)), **more}
