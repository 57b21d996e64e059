"""`ingestor run`: a bucket is loaded by this process, without a queue."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import click

from ingestor import bootstrap
from ingestor.cli.support.amounts import Interval, NumberFrom, WholeNumber
from ingestor.cli.support.bucket_name import BucketParameter
from ingestor.cli.support.database_choice import environment_settings, named_database
from ingestor.cli.support.group import FAILED, stopped_by
from ingestor.cli.support.since import since_option
from ingestor.cli.support.stopping import StopRequest
from ingestor.cli.support.terminal import (
    counted,
    dry_run_option,
    json_option,
    output,
    plain_facts,
    print_json,
    say,
)
from ingestor.cli.views.run_report import RunReporter, show_pass
from ingestor.deadline import UNLIMITED
from ingestor.errors import IngestorError, SourceMissingError, TransientError
from ingestor.routing import Router
from ingestor.run import (
    InProcess,
    Loaders,
    Patience,
    Processes,
    RunContext,
    RunScope,
    dry_run_pass,
    reporting,
    run_once,
)
from ingestor.run.throttle import throttled
from ingestor.settings import Settings
from ingestor.sweep.after_load import ObjectFinisher


@click.command("run")
@click.option(
    "--bucket", type=BucketParameter(), required=True, metavar="BUCKET", help="The bucket with the log files."
)
@click.option("--prefix", metavar="P", help="Only keys with this prefix. Default: PREFIX.")
@since_option
@click.option(
    "--workers",
    type=WholeNumber(1, 64, example=4),
    default=1,
    metavar="N",
    help="Number of loading processes, 1 to 64.",
)
@click.option(
    "--rate",
    type=NumberFrom(1, example=5_000),
    metavar="ROWS",
    help="Load at most this many rows per second, all workers together.",
)
@click.option(
    "--every",
    type=Interval(),
    metavar="INTERVAL",
    help="Repeat, waiting this long between passes: 30s, 5m, 1h.",
)
@click.option(
    "--wait",
    type=Interval(may_be_zero=True),
    metavar="INTERVAL",
    default="5m",
    show_default=True,
    help="How long to wait for the database or S3 during an outage. With --every, without limit.",
)
@dry_run_option
@json_option
def run_command(
    *,
    bucket: str,
    prefix: str | None,
    since: datetime | None,
    workers: int,
    rate: float | None,
    every: float | None,
    wait: float,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Load a bucket from this machine, without a queue: once (as a CronJob) or repeatedly (--every).

    A pass lists the bucket, from the most recent log on, and enters new objects in the ledger. Then it loads all files
    that are due, oldest upload first. The whole bucket is listed by the first pass and once every RECONCILE_HOURS.
    Objects older than START_FROM are skipped, unless --since is given.

    Any number of runs may work at once, also beside the Lambda functions: all use the same claims. SIGTERM and Ctrl-C
    commit the current chunks and stop; the next pass continues from there.

    \b
    Examples:
      ingestor run --bucket my-logs
      ingestor run --bucket my-logs --prefix app/ --workers 4 --every 5m
      ingestor run --bucket my-logs --since 2026-11-01 --rate 5000
    """
    settings = environment_settings()
    router = bootstrap.router(settings)
    scope = RunScope(bucket, settings.prefix if prefix is None else prefix, since)
    if dry_run:
        _dry_run(scope, settings, as_json=as_json)
        return
    is_good = False
    with StopRequest() as stop:
        try:
            with _runner(
                settings, stop, wait if every is None else math.inf, workers, rate, router=router
            ) as runner:
                is_good = runner.run(scope, every, as_json=as_json)
        except IngestorError as error:
            if not stop.is_made:
                raise
            say(str(error))
    if stop.is_made:
        click.get_current_context().exit(stopped_by(stop.signal_number))
    if not is_good:
        click.get_current_context().exit(FAILED)


def _dry_run(scope: RunScope, settings: Settings, *, as_json: bool) -> None:
    with named_database(settings) as database:
        context = RunContext(database, bootstrap.store(settings), settings)
        found = dry_run_pass(context, scope, Patience(0, UNLIMITED, RunReporter()))
    if as_json:
        print_json(found)
        return
    output().print(
        f"{counted(found.due_files, 'due file')} of the ledger and {counted(found.new_files, 'new object')} "
        f"({counted(found.new_bytes, 'byte')}) would be loaded"
    )


@contextmanager
def _runner(
    settings: Settings,
    stop: StopRequest,
    wait_seconds: float,
    workers: int,
    rate: float | None,
    *,
    router: Router,
) -> Iterator["_Runner"]:
    reporter = RunReporter()
    patience = Patience(wait_seconds, stop.deadline, reporter)
    with named_database(settings) as database, reporter.ticking():
        context = RunContext(database, bootstrap.store(settings), settings)
        if workers > 1:
            with Processes(
                settings,
                workers,
                rate,
                database,
                patience,
                on_death=reporter.loader_died,
                on_read=reporter.reading,
            ) as processes:
                yield _Runner(context, processes, reporter, patience)
            return
        source = reporting(context.objects, reporter.reading)
        worker = bootstrap.worker(database, source, settings, routes=router)
        worker = throttled(worker, rate, stop.deadline)
        loaders = InProcess(worker, stop.deadline, patience, context.objects.answers)
        yield _Runner(context, loaders, reporter, patience)


@dataclass(frozen=True, slots=True)
class _Runner:
    context: RunContext
    loaders: Loaders
    reporter: "RunReporter"
    patience: Patience

    def run(self, scope: RunScope, every: float | None, *, as_json: bool) -> bool:
        """Returns whether the last pass loaded every file that it found. A loop ends only when it is stopped."""
        if every is None:
            return self._one_pass(scope, looks_again=True, as_json=as_json)
        is_good = self._one_pass(scope, looks_again=False, as_json=as_json)
        while self.patience.sleep(every):
            try:
                is_good = self._one_pass(scope, looks_again=False, as_json=as_json)
            except (TransientError, SourceMissingError) as error:
                # Someone may have to fix it first; the next pass tries again.
                say(f"pass ended early: {error}")
                is_good = False
        return is_good

    def _one_pass(self, scope: RunScope, *, looks_again: bool, as_json: bool) -> bool:
        """Returns whether every file that was found is loaded, here or by another worker."""
        began = time.monotonic()
        self.reporter.begin(scope)
        try:
            done = run_once(
                self.context, scope, self.loaders, self.reporter, self.patience, looks_again=looks_again
            )
            self._finish_loaded_objects(scope)
        except IngestorError:
            if self.reporter.done is not None and not as_json:
                show_pass(self.reporter.done, time.monotonic() - began)
            raise
        seconds = time.monotonic() - began
        if as_json:
            facts = plain_facts(done, seconds=seconds)
            print_json(facts | {"failures": list(facts["failures"].values())})
        else:
            show_pass(done, seconds)
        return not done.failures and not done.stopped

    def _finish_loaded_objects(self, scope: RunScope) -> None:
        """Tags or deletes loaded objects as rules say. Where `run` works, there may be no sweeper that does it."""
        database, objects, settings = self.context.database, self.context.objects, self.context.settings
        finisher = ObjectFinisher(database, objects, bootstrap.object_actions(settings))
        finisher.finish(self.patience.deadline, buckets=(scope.bucket,))
