"""`ingestor ignore`: a permanent failure is settled without loading the file."""

import click

from ingestor import ledger
from ingestor.cli.support.database_choice import environment_settings, existing_database
from ingestor.cli.support.file_choice import chosen_file
from ingestor.cli.support.queueing import (
    LOCK_TIMEOUT_SECONDS,
    remove_dead_letters,
    say_what_is_missing,
    source_file,
)
from ingestor.cli.support.terminal import counted, dry_run_option, json_option, output, print_json, shown
from ingestor.cli.views.advice import what_happens_next
from ingestor.database import REPORT, Database
from ingestor.errors import IngestorError
from ingestor.ledger import FileRecord


@click.command()
@click.argument("key", metavar="KEY")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the ledger.")
@dry_run_option
@json_option
def ignore(*, key: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Settle a permanent failure, so that it no longer needs attention.

    The file's dead letter is removed; rows already loaded stay. `ingestor retry` reopens the file, and so does a new
    version of the object. KEY as in `status`.

    \b
    Example:
      ingestor ignore s3://my-logs/test.txt --reason 'not a log file'
    """
    if not reason.strip():
        raise click.BadParameter("give a reason", param_hint="--reason")
    settings = environment_settings()
    with existing_database(settings) as database:
        with database.transaction(REPORT) as connection:
            file = chosen_file(connection, key, as_json=as_json)
        _check(file)
        if not dry_run:
            _ignore(database, file, reason.strip())
        removed = None if dry_run else remove_dead_letters(database, settings, [source_file(file)])
    if as_json:
        print_json({"uri": file.uri, "dry_run": dry_run, "dead_letters_removed": removed})
    else:
        _show(file, removed, dry_run=dry_run)
    if not dry_run and not file.is_local:
        say_what_is_missing(settings, sent=True, has_objects=False)


def _check(file: FileRecord) -> None:
    if file.status != "FAILED":
        raise IngestorError(f"{file.uri} is {file.status}; only a permanent failure can be ignored")
    if file.error_kind != "permanent":
        raise IngestorError(
            f"{file.uri}: its failure is transient, and only a permanent one can be ignored; {what_happens_next(file)}"
        )


def _ignore(database: Database, file: FileRecord, reason: str) -> None:
    with database.transaction(lock_timeout=LOCK_TIMEOUT_SECONDS) as connection:
        if not ledger.ignore(connection, file.id, reason):
            raise IngestorError(f"{file.uri} is no longer a permanent failure; nothing was changed")


def _show(file: FileRecord, removed: int | None, *, dry_run: bool) -> None:
    uri = shown(file.uri)
    if dry_run:
        result = f"{uri} would be ignored: {shown(file.error or '')}; nothing was changed."
    else:
        letters = f"; {counted(removed, 'dead letter')} removed" if removed is not None else ""
        result = f"{uri} is ignored{letters}."
    output().print(result, soft_wrap=True)
