"""`ingestor pause` and `ingestor resume`: the handler's event source and the sweeper's schedule."""

from dataclasses import dataclass

import click

from ingestor.aws.event_source import EventSources, Schedules, Switch
from ingestor.bootstrap import operating
from ingestor.cli.support.database_choice import environment_settings
from ingestor.cli.support.terminal import (
    dry_run_option,
    json_option,
    output,
    plain_facts,
    print_json,
    shown,
    table,
)
from ingestor.settings import Settings

function_option = click.option(
    "--function", metavar="NAME", help="The handler function; its event source is switched."
)
schedule_option = click.option(
    "--schedule", metavar="NAME", help="The sweeper's schedule: NAME or GROUP/NAME."
)


@dataclass(frozen=True, slots=True)
class _Found:
    switch: Switch
    owner: EventSources | Schedules


@dataclass(frozen=True, slots=True)
class _Outcome:
    before: Switch
    after: Switch
    is_change: bool


@click.command()
@function_option
@schedule_option
@dry_run_option
@json_option
def pause(*, function: str | None, schedule: str | None, dry_run: bool, as_json: bool) -> None:
    """Stop the handler from taking messages, and the sweeper from running.

    Files being loaded are finished. New messages wait in the queue until its retention period ends, so resume in time.
    The names are in the stack's outputs.

    \b
    Example:
      ingestor pause --function HANDLER --schedule SWEEPER
    """
    _turn(function, schedule, on=False, dry_run=dry_run, as_json=as_json)


@click.command()
@function_option
@schedule_option
@dry_run_option
@json_option
def resume(*, function: str | None, schedule: str | None, dry_run: bool, as_json: bool) -> None:
    """Undo `ingestor pause`.

    \b
    Example:
      ingestor resume --function HANDLER --schedule SWEEPER
    """
    _turn(function, schedule, on=True, dry_run=dry_run, as_json=as_json)


def _turn(function: str | None, schedule: str | None, *, on: bool, dry_run: bool, as_json: bool) -> None:
    if function is None and schedule is None:
        raise click.UsageError(
            "give --function NAME, --schedule NAME or both; the names are in the stack's outputs"
        )
    outcomes = [
        _turned(each, on=on, dry_run=dry_run) for each in _found(environment_settings(), function, schedule)
    ]
    if as_json:
        print_json([plain_facts(each.after, was=each.before.state, dry_run=dry_run) for each in outcomes])
        return
    rows = table("kind", "name", "target", "before", "now")
    for each in outcomes:
        is_now = (
            f"would be turned {'on' if on else 'off'}" if dry_run and each.is_change else each.after.state
        )
        rows.add_row(
            each.before.kind, shown(each.before.name), shown(each.before.target), each.before.state, is_now
        )
    output().print(rows)


def _found(settings: Settings, function: str | None, schedule: str | None) -> list[_Found]:
    """Finds all switches before the first is turned, so that a wrong name changes nothing."""
    found: list[_Found] = []
    if schedule is not None:
        schedules = operating.schedules(settings)
        found.append(_Found(schedules.find(schedule), schedules))
    if function is not None:
        sources = operating.event_sources(settings)
        found += [_Found(each, sources) for each in sources.of(function)]
    return found


def _turned(found: _Found, *, on: bool, dry_run: bool) -> _Outcome:
    before = found.switch
    is_change = before.is_on is not on
    after = found.owner.turn(before, on=on) if is_change and not dry_run else before
    return _Outcome(before, after, is_change)
