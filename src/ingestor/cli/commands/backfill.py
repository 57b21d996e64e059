"""`ingestor backfill`: objects already in the bucket are queued for the Lambda functions."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NoReturn

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ingestor import bootstrap
from ingestor.backfill import Backfill, BackfillScope, OnPage, dry_run_backfill
from ingestor.backfill import backfill as queue_bucket
from ingestor.bootstrap import operating
from ingestor.cli.support.bucket_name import BucketParameter
from ingestor.cli.support.database_choice import environment_settings, named_database
from ingestor.cli.support.group import FAILED, UNFINISHED, stopped_by
from ingestor.cli.support.since import since_option
from ingestor.cli.support.stopping import StopRequest
from ingestor.cli.support.terminal import (
    count,
    counted,
    json_option,
    messages,
    output,
    plain_facts,
    print_json,
    say,
    shown,
)
from ingestor.deadline import Deadline
from ingestor.errors import ConfigurationError
from ingestor.settings import FROM_THE_BEGINNING, Settings

SECONDS_BETWEEN_LINES = 10
"""Where no terminal shows the counts as they grow."""


@click.command()
@click.option(
    "--bucket",
    type=BucketParameter(),
    required=True,
    metavar="BUCKET",
    help="The bucket to list. Must be in BUCKETS, if that is set.",
)
@click.option("--prefix", metavar="P", help="Only keys with this prefix. Default: PREFIX.")
@since_option
@click.option("--dry-run", is_flag=True, help="Only count objects, bytes and new objects. Needs no queue.")
@json_option
def backfill(
    *, bucket: str, prefix: str | None, since: datetime | None, dry_run: bool, as_json: bool
) -> None:
    """Queue objects already in the bucket, for the Lambda functions to load.

    Each object that is not in the ledger yet is entered there and queued. To continue an interrupted backfill, run
    the same command again. One page of 1,000 keys is in memory at a time; workers and sweepers may run meanwhile.

    With --json: one object with objects, bytes, new_objects, new_bytes, list_requests, resumed_after, is_complete.

    \b
    Examples:
      ingestor backfill --bucket my-logs --prefix 2026/ --dry-run
      ingestor backfill --bucket my-logs --prefix 2026/
      ingestor backfill --bucket my-logs --since 2026-11-01
    """
    settings = environment_settings()
    prefix = settings.prefix if prefix is None else prefix
    _check(settings, bucket, prefix, needs_queue=not dry_run)
    scope = BackfillScope(bucket, prefix, since or FROM_THE_BEGINNING)
    stop = StopRequest()
    with _progress() as on_page, stop:
        run = _dry_run if dry_run else _backfill
        done = run(settings, scope, on_page, stop.deadline)
    if as_json:
        print_json(plain_facts(done, bucket=bucket, prefix=prefix, dry_run=dry_run))
    else:
        _show(done, dry_run=dry_run)
    for each in done.unusable:
        say(str(each))
    if stop.is_made:
        say("stopped" if dry_run else "stopped; rerun to continue")
        click.get_current_context().exit(stopped_by(stop.signal_number))
    elif not done.is_complete:
        _end_unfinished(dry_run=dry_run)
    elif done.unusable:
        click.get_current_context().exit(FAILED)


def _end_unfinished(*, dry_run: bool) -> NoReturn:
    if dry_run:
        say("time limit reached, and a dry run always starts from the beginning: give a longer --prefix")
    click.get_current_context().exit(FAILED if dry_run else UNFINISHED)


def _check(settings: Settings, bucket: str, prefix: str, *, needs_queue: bool) -> None:
    """Raises ConfigurationError for objects that the handler would refuse or leave out."""
    if settings.db_secret_arn is None:
        names = ("db_host", "db_username", "db_password", "queue_url")
        settings.require(*(names if needs_queue else names[:-1]))
    elif needs_queue:
        settings.require("queue_url")
    if settings.watched_buckets and bucket not in settings.watched_buckets:
        raise ConfigurationError(
            f"bucket {bucket!r} is not in BUCKETS ({', '.join(sorted(settings.watched_buckets))}): the handler would "
            "refuse its objects; add it to BUCKETS"
        )
    if not prefix.startswith(settings.prefix):
        raise ConfigurationError(
            f"--prefix {prefix!r} does not begin with PREFIX ({settings.prefix!r}): the handler would ignore those "
            "objects"
        )


def _backfill(settings: Settings, scope: BackfillScope, on_page: OnPage, deadline: Deadline) -> Backfill:
    context = operating.sweep_context(settings)
    try:
        return queue_bucket(context, scope, on_page=on_page, deadline=deadline)
    finally:
        context.database.close()


def _dry_run(settings: Settings, scope: BackfillScope, on_page: OnPage, deadline: Deadline) -> Backfill:
    with named_database(settings) as database:
        objects = bootstrap.store(settings)
        return dry_run_backfill(database, objects, settings, scope, on_page=on_page, deadline=deadline)


@contextmanager
def _progress() -> Iterator[Callable[[Backfill], None]]:
    """Shows objects, bytes and rate: on a terminal as they grow, elsewhere in a line now and then."""
    console = messages()
    began = last = time.monotonic()
    if console.is_terminal:
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        ) as progress:
            task = progress.add_task("listing")
            yield lambda done: progress.update(task, description=shown(_line(done, time.monotonic() - began)))
        return

    def print_line(done: Backfill) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            say(_line(done, last - began))

    yield print_line


def _line(done: Backfill, seconds: float) -> str:
    rate = done.objects / seconds if seconds > 0 else 0
    objects = f"{counted(done.objects, 'object')}, {count(done.new_objects)} new"
    return f"{objects}, {count(done.bytes)} bytes, {count(rate)} objects/s"


def _show(done: Backfill, *, dry_run: bool) -> None:
    if done.resumed_after is not None:
        say(f"continued after {done.resumed_after}, where an earlier run stopped")
    verb = "would be queued" if dry_run else "queued"
    output().print(
        f"{counted(done.objects, 'object')}, {count(done.bytes)} bytes; "
        f"{verb}: {counted(done.new_objects, 'object')}, {count(done.new_bytes)} bytes.",
        soft_wrap=True,
    )
