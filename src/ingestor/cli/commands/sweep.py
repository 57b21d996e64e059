"""`ingestor sweep`."""

from contextlib import closing
from dataclasses import fields
from datetime import datetime
from typing import Any

import click

from ingestor.cli.support.database_choice import environment_settings
from ingestor.cli.support.group import FAILED
from ingestor.cli.support.surroundings import surroundings
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

_TOLD_BESIDE = "unusable_objects"
"""On standard error, a line each."""


@click.command("sweep")
@dry_run_option
@json_option
def sweep_command(*, is_trial: bool, as_json: bool) -> None:
    """Do one tick of the sweeper, here.

    Failed files that are due, stuck files and those nobody started go back to the queue; objects that nobody told us of
    are found by listing; dead letters whose files the ledger owns are deleted; partitions are made and dropped. The
    same as the sweeper Lambda does every two minutes, without its time limit; both may run at once.

    \b
    Example:
      BUCKETS=my-logs QUEUE_URL=https://… DLQ_URL=https://… DB_HOST=… ingestor sweep --dry-run
    """
    from ingestor import sweep  # noqa: PLC0415 - boto3 takes a fifth of a second
    from ingestor.bootstrap import operating  # noqa: PLC0415 - boto3 takes a fifth of a second
    from ingestor.sweep.dry_run import trial  # noqa: PLC0415 - the same

    settings = environment_settings()
    settings.require("queue_url", "buckets")
    tools = operating.sweep_tools(settings)
    with closing(tools.database):
        if is_trial:
            _tell(trial(tools), as_json=as_json)
            return
        report = sweep.sweep(tools, surroundings().deadline)
    _tell(report, as_json=as_json)
    for step, why in report.failures.items():
        say(f"{step.replace('_', ' ')} failed: {why}")
    if report.failures:
        click.get_current_context().exit(FAILED)


def _tell(report: Any, *, as_json: bool) -> None:  # noqa: ANN401 - SweepReport or TrialReport, as below
    if as_json:
        print_json(report)
    else:
        _show(report)
    for each in report.discovery.unusable_objects if report.discovery else ():
        say(str(each))


def _show(report: Any) -> None:  # noqa: ANN401 - SweepReport, whose import costs boto3's
    rows = table("step", "what", "", numbers=frozenset({""}))
    for step in fields(report):
        part = getattr(report, step.name)
        if step.name == "failures" or part is None:
            continue
        name = step.name.replace("_", " ")
        for what, value in plain_facts(part).items():
            if what == _TOLD_BESIDE:
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
    return "" if value is None else str(plain)
