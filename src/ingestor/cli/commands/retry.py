"""`ingestor retry`: failed files are loaded again, from where they stopped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import click

from ingestor import ledger
from ingestor.cli.support.database_choice import environment_settings, existing_database
from ingestor.cli.support.file_choice import chosen_file
from ingestor.cli.support.group import FAILED
from ingestor.cli.support.queueing import (
    LOCK_TIMEOUT_SECONDS,
    foreign,
    remove_dead_letters,
    say_what_is_missing,
    send_on,
)
from ingestor.cli.support.terminal import (
    counted,
    dry_run_option,
    json_option,
    output,
    print_json,
    say,
    shown,
    table,
)
from ingestor.cli.views.advice import commands_to_load_again, what_happens_next
from ingestor.database import REPORT, Database
from ingestor.ledger import FileRecord
from ingestor.model.source_file import SourceFile
from ingestor.settings import Settings

PAGE = 100


@dataclass(frozen=True, slots=True)
class LeftOut:
    uri: str
    why: str


@dataclass(slots=True)
class _Retried:
    files: list[FileRecord] = field(default_factory=list)
    sources: list[SourceFile] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    sent: bool = False


@click.command()
@click.argument("keys", nargs=-1, metavar="[KEY…]")
@click.option("--failed", "all_failed", is_flag=True, help="Every failed file, except ignored ones.")
@click.option(
    "--matching", metavar="TEXT", help="Failed files with this text in their key or error, ignoring case."
)
@click.option(
    "--accept-rejects",
    is_flag=True,
    help="Load the file however many entries are rejected, ignoring MAX_REJECT_RATIO.",
)
@dry_run_option
@json_option
def retry(
    *,
    keys: tuple[str, ...],
    all_failed: bool,
    matching: str | None,
    accept_rejects: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Load failed files again, from where they stopped.

    Each file is reopened in the ledger and sent to QUEUE_URL, and its dead letter is removed from DLQ_URL. KEY as in
    `status`.

    \b
    Examples:
      ingestor retry s3://my-logs/2026/11/23/app.json.gz
      ingestor retry --matching 'access denied' --dry-run
      ingestor retry app.json.gz --accept-rejects
    """
    if sum((bool(keys), all_failed, matching is not None)) != 1:
        raise click.UsageError("give exactly one of KEY…, --failed and --matching TEXT")
    settings = environment_settings()
    done = _Retried()
    with existing_database(settings) as database:
        pages = (
            _failed(database, matching or "") if not keys else _chosen(database, keys, done, as_json=as_json)
        )
        for page in pages:
            _retry(database, settings, page, done, accept_rejects=accept_rejects, dry_run=dry_run)
        removed = None if dry_run else remove_dead_letters(database, settings, done.sources)
    if as_json:
        print_json(_facts(done, removed, dry_run=dry_run))
    else:
        _show(done, removed, dry_run=dry_run)
    if not dry_run and any(not file.is_local for file in done.sources):
        say_what_is_missing(settings, sent=done.sent, has_objects=True)
    if done.left_out:
        click.get_current_context().exit(FAILED)


def _chosen(
    database: Database, keys: Sequence[str], done: _Retried, *, as_json: bool
) -> Iterator[list[FileRecord]]:
    with database.transaction(REPORT) as connection:
        files = {file.id: file for file in (chosen_file(connection, key, as_json=as_json) for key in keys)}
    done.left_out += [LeftOut(file.uri, _why_not(file)) for file in files.values() if file.status != "FAILED"]
    yield [file for file in files.values() if file.status == "FAILED"]


def _why_not(file: FileRecord) -> str:
    if file.status == "COMPLETED":
        return "is COMPLETED, not FAILED; `ingestor reload` loads it again"
    return f"is {file.status}, not FAILED; {what_happens_next(file)}"


def _failed(database: Database, matching: str) -> Iterator[list[FileRecord]]:
    after_id = 0
    while True:
        with database.transaction(REPORT) as connection:
            page = ledger.failed_files(connection, matching=matching, after_id=after_id, limit=PAGE)
        if not page:
            return
        yield page
        after_id = page[-1].id


def _retry(
    database: Database,
    settings: Settings,
    page: list[FileRecord],
    done: _Retried,
    *,
    accept_rejects: bool,
    dry_run: bool,
) -> None:
    """Reopens a page of files in one transaction, then sends them. Of two at once, one reopens and sends a file."""
    wanted = []
    for file in page:
        why = foreign(settings, file)
        if why is None:
            wanted.append(file)
        else:
            done.left_out.append(LeftOut(file.uri, why))
    if dry_run:
        done.files += wanted
        return
    opened: list[tuple[FileRecord, SourceFile]] = []
    lost: list[FileRecord] = []
    with database.transaction(lock_timeout=LOCK_TIMEOUT_SECONDS) as connection:
        for file in sorted(wanted, key=lambda file: file.id):  # two at once don't deadlock
            source = ledger.reopen(connection, file.id, accept_rejects=accept_rejects)
            if source is None:
                lost.append(file)
            else:
                opened.append((file, source))
    done.files += [file for file, _ in opened]
    done.sources += [source for _, source in opened]
    done.left_out += [LeftOut(file.uri, "is no longer FAILED; another process changed it") for file in lost]
    done.sent = send_on(settings, [source for _, source in opened]) or done.sent


def _facts(done: _Retried, removed: int | None, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "reopened": [file.uri for file in done.files],
        "sent": done.sent,
        "dead_letters_removed": removed,
        "left_out": done.left_out,
    }


def _show(done: _Retried, removed: int | None, *, dry_run: bool) -> None:
    for left in done.left_out:
        say(f"{left.uri}: {left.why}")
    if not done.files:
        output().print("Nothing to retry.")
        return
    rows = table("file", "resumes at entry", "error", numbers=frozenset({"resumes at entry"}))
    for file in done.files:
        rows.add_row(shown(file.uri), f"{file.checkpoint:,}", shown(file.error or ""))
    console = output()
    console.print(rows)
    if dry_run:
        console.print(f"{counted(len(done.files), 'file')} would be reopened; nothing was changed.")
        return
    sent = " and queued" if done.sent else ""
    letters = f"; {counted(removed, 'dead letter')} removed" if removed is not None else ""
    console.print(f"{counted(len(done.files), 'file')} reopened{sent}{letters}.")
    for command in commands_to_load_again(file for file in done.files if file.is_local):
        console.print(f"Now run: {shown(command)}", soft_wrap=True)
