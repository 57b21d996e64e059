"""`ingestor reload`: a file's rows are removed, and the file is loaded again from its first byte."""

import click

from ingestor import bootstrap, ledger
from ingestor.cli.support.database_choice import environment_settings, existing_database
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
from ingestor.sources import Source
from ingestor.sources.local import LocalFiles


@click.command("reload")
@click.argument("key", metavar="KEY")
@dry_run_option
@json_option
def reload_command(*, key: str, dry_run: bool, as_json: bool) -> None:
    """Remove a file's rows and load it again.

    One transaction removes the rows and resets the file; then the file is sent to QUEUE_URL. Refused while a worker is
    loading the file, and when the object no longer exists: its rows are then the only copy. KEY as in `status`.

    \b
    Example:
      ingestor reload s3://my-logs/2026/11/23/app.json.gz --dry-run
    """
    settings = environment_settings()
    with existing_database(settings) as database:
        with database.transaction(REPORT) as connection:
            file = chosen_file(connection, key, as_json=as_json)
        _check(settings, file)
        rows = file.rows_loaded if dry_run else _start_over(database, file)
        again = source_file(file)
        sent = not dry_run and send_on(settings, [again])
        removed = (
            remove_dead_letters(database, settings, [again])
            if file.status == "FAILED" and not dry_run
            else None
        )
    if as_json:
        print_json(
            {"uri": file.uri, "dry_run": dry_run, "rows_unloaded": rows, "sent": sent}
            | {"dead_letters_removed": removed}
        )
    else:
        _show(file, rows, sent=sent, dry_run=dry_run)
    if not dry_run and not file.is_local and not sent:
        say_what_is_missing(settings, sent=sent, has_objects=True)


def _check(settings: Settings, file: FileRecord) -> None:
    """Raises IngestorError where the rows must stay."""
    refuse_foreign(settings, file)
    if file.status == "PROCESSING":
        raise IngestorError(
            f"{file.uri}: a worker is loading it; `ingestor status` shows when its claim expires"
        )
    if _source(settings, file).current(source_file(file)) is None:
        raise IngestorError(
            f"{file.uri}: the object no longer exists, so its {counted(file.rows_loaded, 'row')} could not be loaded "
            "again; nothing was changed"
        )


def _source(settings: Settings, file: FileRecord) -> Source:
    if file.is_local:
        return LocalFiles()
    return bootstrap.store(settings)


def _start_over(database: Database, file: FileRecord) -> int:
    """Removes the file's rows and returns how many. Raises IngestorError when a worker took the file meanwhile."""
    with database.transaction(UNLOADING) as connection:
        # First the ledger: its row is locked then, and no worker can claim the file before this is committed.
        rows_loaded = ledger.rows_of_locked_file(connection, file.id)
        if ledger.start_over(connection, file.id) is None:
            gone = ledger.object_deleted_at(connection, file.id)
            why = (
                "its object is being deleted, as a rule wants it" if gone else "a worker claimed it meanwhile"
            )
            raise IngestorError(f"{file.uri}: {why}; nothing was changed")
        rows = bootstrap.row_sink().unload(connection, file.id, rows_loaded=rows_loaded)
        ledger.record_unloaded(connection, file.id, rows)
    return rows


def _show(file: FileRecord, rows: int, *, sent: bool, dry_run: bool) -> None:
    console = output()
    if dry_run:
        console.print(
            f"{shown(file.uri)}: {counted(rows, 'row')} would be removed and the file loaded again; nothing was "
            "changed.",
            soft_wrap=True,
        )
        return
    console.print(
        f"{shown(file.uri)}: {counted(rows, 'row')} removed{', file queued' if sent else ''}.",
        soft_wrap=True,
    )
    if file.is_local:
        console.print(f"Now run: {shown(load_again(file))}", soft_wrap=True)
