"""`ingestor sweep`: one tick of the sweeper."""

from contextlib import closing
from dataclasses import fields
from datetime import datetime

import click

from ingestor.bootstrap import operating
from ingestor.cli.support.context import command_context
from ingestor.cli.support.database_choice import environment_settings
from ingestor.cli.support.group import FAILED
from ingestor.cli.support.terminal import (
    count,
    dry_run_option,
    json_option,
    moment,
    output,
    plain_facts,
    print_json,
    say,
    shown,
    table,
)
from ingestor.sweep import SweepReport, sweep
from ingestor.sweep.dry_run import DryRunReport, dry_run_sweep

_LISTED_BELOW = "unusable_objects"
"""Printed on standard error, one line each."""


@click.command("sweep")
@dry_run_option
@json_option
def sweep_command(*, dry_run: bool, as_json: bool) -> None:
    """Run one tick of the sweeper on this machine.

    Files that are due (failed, stuck or never started) are re-queued. Objects without a notification are found by
    listing. Dead letters whose files are in the ledger are deleted. Partitions are created and dropped. The sweeper
    Lambda does the same every two minutes, within its time limit; both may run at once.

    \b
    Example:
      BUCKETS=my-logs QUEUE_URL=https://… DLQ_URL=https://… DB_HOST=… ingestor sweep --dry-run
    """
    settings = environment_settings()
    settings.require("queue_url", "buckets")
    context = operating.sweep_context(settings)
    with closing(context.database):
        if dry_run:
            _report(dry_run_sweep(context), as_json=as_json)
            return
        report = sweep(context, command_context().deadline)
    _report(report, as_json=as_json)
    for step, why in report.failures.items():
        say(f"{step.replace('_', ' ')} failed: {why}")
    if report.failures:
        click.get_current_context().exit(FAILED)


def _report(report: SweepReport | DryRunReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report)
    else:
        _show(report)
    for each in report.discovery.unusable_objects if report.discovery else ():
        say(str(each))


def _show(report: SweepReport | DryRunReport) -> None:
    rows = table("step", "result", "", numbers=frozenset({""}))
    for step in fields(report):
        part = getattr(report, step.name)
        if step.name == "failures" or part is None:
            continue
        name = step.name.replace("_", " ")
        for what, value in plain_facts(part).items():
            if what == _LISTED_BELOW or value in ([], ()):
                continue
            rows.add_row(name, what.replace("_", " "), shown(_text(getattr(part, what), value)))
            name = ""
    output().print(rows)


def _text(value: object, plain: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return count(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, tuple):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(plain)
