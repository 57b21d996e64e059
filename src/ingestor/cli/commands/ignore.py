"""`ingestor ignore`: a permanent failure that nobody is to look at any more."""

import click

from ingestor import ledger
from ingestor.cli.support.database_choice import environment_settings, named_database
from ingestor.cli.support.file_choice import chosen_file
from ingestor.cli.support.queueing import (
    LOCK_TIMEOUT_SECONDS,
    remove_dead_letters,
    say_what_is_missing,
    source_file,
)
from ingestor.cli.support.terminal import counted, dry_run_option, json_option, output, print_json, shown
from ingestor.database import REPORT, Database
from ingestor.errors import IngestorError
from ingestor.ledger import FileRecord


@click.command()
@click.argument("key", metavar="KEY")
@click.option(
    "--reason", required=True, metavar="TEXT", help="Why, for whoever asks later; kept in the ledger."
)
@dry_run_option
@json_option
def ignore(*, key: str, reason: str, is_trial: bool, as_json: bool) -> None:
    """Settle a permanent failure: nobody is asked about the file any more.

    Its dead letter is removed, it no longer counts as waiting for a person, and what was loaded of it stays.
    `ingestor retry` takes it up again, and so does a new version of the object. KEY as in `status`.

    \b
    Example:
      ingestor ignore s3://my-logs/test.txt --reason 'not a log file'
    """
    if not reason.strip():
        raise click.BadParameter("say why", param_hint="--reason")
    settings = environment_settings()
    with named_database(settings) as database:
        with database.transaction(REPORT) as connection:
            file = chosen_file(connection, key, as_json=as_json)
        _check(file)
        if not is_trial:
            _ignore(database, file, reason.strip())
        removed = None if is_trial else remove_dead_letters(database, settings, [source_file(file)])
    if as_json:
        print_json({"uri": file.uri, "dry_run": is_trial, "dead_letters_removed": removed})
    else:
        _show(file, removed, is_trial=is_trial)
    if not is_trial and not file.is_local:
        say_what_is_missing(settings, sent=True, has_objects=False)


def _check(file: FileRecord) -> None:
    if file.status != "FAILED":
        raise IngestorError(f"{file.uri}: is {file.status}; only a permanent failure can be ignored")
    if file.error_kind != "permanent":
        raise IngestorError(
            f"{file.uri}: its failure is transient, so it is tried again by itself; only a permanent one can be ignored"
        )


def _ignore(database: Database, file: FileRecord, reason: str) -> None:
    with database.transaction(lock_timeout=LOCK_TIMEOUT_SECONDS) as connection:
        if not ledger.ignore(connection, file.id, reason):
            raise IngestorError(f"{file.uri}: is no permanent failure any more; nothing was changed")


def _show(file: FileRecord, removed: int | None, *, is_trial: bool) -> None:
    uri = shown(file.uri)
    if is_trial:
        said = f"{uri} would be ignored: {shown(file.error or '')}; nothing was changed."
    else:
        letters = f"; {counted(removed, 'dead letter')} removed" if removed is not None else ""
        said = f"{uri} is ignored{letters}."
    output().print(said, soft_wrap=True)
