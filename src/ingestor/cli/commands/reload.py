"""`ingestor reload`: a file's rows out, and the file loaded again from its first byte."""

import click

from ingestor import ledger
from ingestor.cli.support.database_choice import environment_settings, named_database
from ingestor.cli.support.file_choice import chosen_file
from ingestor.cli.support.queueing import (
    refuse_foreign,
    remove_dead_letters,
    say_what_is_missing,
    send_on,
    source_file,
)
from ingestor.cli.support.terminal import counted, dry_run_option, json_option, output, print_json, shown
from ingestor.cli.views.advice import load_again
from ingestor.database import REPORT, UNLOADING, Database
from ingestor.errors import IngestorError
from ingestor.ledger import FileRecord
from ingestor.settings import Settings
from ingestor.sinks import postgres as load
from ingestor.sources import Source


@click.command("reload")
@click.argument("key", metavar="KEY")
@dry_run_option
@json_option
def reload_command(*, key: str, is_trial: bool, as_json: bool) -> None:
    """Take a file's rows out and load it again.

    One transaction takes them out and puts the file back to its beginning; then it is sent to QUEUE_URL. Refused
    while a worker has the file, and when the object is gone: its rows are all that is left of it. KEY as in `status`.

    \b
    Example:
      ingestor reload s3://my-logs/2026/11/23/app.json.gz --dry-run
    """
    settings = environment_settings()
    with named_database(settings) as database:
        with database.transaction(REPORT) as connection:
            file = chosen_file(connection, key, as_json=as_json)
        _check(settings, file)
        rows = file.rows_loaded if is_trial else _start_over(database, file)
        again = source_file(file)
        sent = not is_trial and send_on(settings, [again])
        removed = (
            remove_dead_letters(database, settings, [again])
            if file.status == "FAILED" and not is_trial
            else None
        )
    if as_json:
        print_json(
            {"uri": file.uri, "dry_run": is_trial, "rows_unloaded": rows, "sent": sent}
            | {"dead_letters_removed": removed}
        )
    else:
        _show(file, rows, sent=sent, is_trial=is_trial)
    if not is_trial and not file.is_local and not sent:
        say_what_is_missing(settings, sent=sent, has_objects=True)


def _check(settings: Settings, file: FileRecord) -> None:
    """Raises IngestorError where the rows must stay."""
    refuse_foreign(settings, file)
    if file.status == "PROCESSING":
        raise IngestorError(f"{file.uri}: a worker has it; `ingestor status` tells when it is free")
    if _source(settings, file).current(source_file(file)) is None:
        raise IngestorError(
            f"{file.uri}: there is no such object any more, and its {counted(file.rows_loaded, 'row')} could not be "
            "loaded again: nothing was changed"
        )


def _source(settings: Settings, file: FileRecord) -> Source:
    if file.is_local:
        from ingestor.sources.local import LocalFiles  # noqa: PLC0415 - beside the other

        return LocalFiles()
    from ingestor import bootstrap  # noqa: PLC0415 - boto3 takes a fifth of a second

    return bootstrap.s3_objects(settings)


def _start_over(database: Database, file: FileRecord) -> int:
    """How many rows left `logs`. Raises IngestorError when a worker took the file meanwhile."""
    with database.transaction(UNLOADING) as connection:
        # First the ledger: its row is locked then, and no worker can claim the file before this is committed.
        if ledger.start_over(connection, file.id) is None:
            raise IngestorError(f"{file.uri}: a worker took it meanwhile; nothing was changed")
        rows = load.unload(connection, file.id)
        ledger.record_unloaded(connection, file.id, rows)
    return rows


def _show(file: FileRecord, rows: int, *, sent: bool, is_trial: bool) -> None:
    console = output()
    if is_trial:
        console.print(
            f"{shown(file.uri)}: {counted(rows, 'row')} would be taken out and the file loaded again; nothing was "
            "changed.",
            soft_wrap=True,
        )
        return
    console.print(
        f"{shown(file.uri)}: {counted(rows, 'row')} taken out{', and the file sent' if sent else ''}.",
        soft_wrap=True,
    )
    if file.is_local:
        console.print(f"now run: {shown(load_again(file))}", soft_wrap=True)
