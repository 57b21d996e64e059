"""`ingestor redrive`: the dead letters are processed now."""

import click

from ingestor import bootstrap
from ingestor.cli.support.context import command_context
from ingestor.cli.support.database_choice import environment_settings, named_database
from ingestor.cli.support.terminal import (
    counted,
    dry_run_option,
    json_option,
    moment,
    output,
    plain_facts,
    print_json,
    shown,
    table,
)
from ingestor.sweep.dead_letters import DeadLetter, DeadLetterContext, DeadLetters, go_through

SHOWN_FILES = 3


@click.command()
@dry_run_option
@json_option
def redrive(*, dry_run: bool, as_json: bool) -> None:
    """Process the dead letters in DLQ_URL now.

    Objects of BUCKETS that a message names are entered in the ledger. Once the ledger has all of them, the message is
    deleted, and the sweeper sends what is left to load. Messages of permanent failures and messages that can't be
    understood are kept, with the reason printed. Nothing is sent to the queue, so no message can loop.

    \b
    Example:
      BUCKETS=my-logs DLQ_URL=https://… DB_HOST=… ingestor redrive --dry-run
    """
    settings = environment_settings()
    settings.require("dlq_url", "buckets")
    queue = bootstrap.dead_letter_queue(settings)
    assert queue is not None  # noqa: S101 - DLQ_URL is set
    letters: list[DeadLetter] = []
    with named_database(settings) as database:
        context = DeadLetterContext(database, bootstrap.store(settings), queue, settings, dry_run=dry_run)
        counts = go_through(context, command_context().deadline, letters.append)
    if as_json:
        facts = [plain_facts(each, files=[file.uri for file in each.files]) for each in letters]
        print_json(plain_facts(counts, dry_run=dry_run, letters=facts))
    else:
        _show(letters, counts, "would be settled" if dry_run else "settled")


def _show(letters: list[DeadLetter], counts: DeadLetters, settled: str) -> None:
    rows = table("first sent", "objects", "result", "reason")
    for letter in letters:
        names = [shown(file.uri) for file in letter.files[:SHOWN_FILES]]
        if len(letter.files) > SHOWN_FILES:
            names.append(f"and {len(letter.files) - SHOWN_FILES} more")
        rows.add_row(
            moment(letter.sent_at),
            "\n".join(names),
            "kept" if letter.why else settled,
            shown(letter.why or ("new to the ledger" if letter.registered else "")),
        )
    console = output()
    if letters:
        console.print(rows)
    console.print(
        f"{counted(counts.seen, 'dead letter')}: {counts.settled:,} {settled}, {counts.kept:,} kept; "
        f"{counted(counts.registered, 'file')} new to the ledger."
        + ("" if counts.is_complete else " There may be more: run it again.")
    )
