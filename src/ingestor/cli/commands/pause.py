"""`ingestor pause` and `ingestor resume`: the handler's event source and the sweeper's schedule."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

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

if TYPE_CHECKING:
    from ingestor.aws.event_source import EventSources, Schedules, Switch

function_option = click.option("--function", metavar="NAME", help="The handler: its queue's event source.")
schedule_option = click.option(
    "--schedule", metavar="NAME", help="The sweeper's schedule: NAME or GROUP/NAME."
)


@dataclass(frozen=True, slots=True)
class _Found:
    switch: "Switch"
    owner: "EventSources | Schedules"


@dataclass(frozen=True, slots=True)
class _Outcome:
    before: "Switch"
    after: "Switch"
    is_change: bool


@click.command()
@function_option
@schedule_option
@dry_run_option
@json_option
def pause(*, function: str | None, schedule: str | None, is_trial: bool, as_json: bool) -> None:
    """Stop taking messages, and stop the sweeper's ticks.

    What is in hand is finished; messages wait in the queue for as long as it keeps them, so resume in time. The names
    are in the stack's outputs.

    \b
    Example:
      ingestor pause --function HANDLER --schedule SWEEPER
    """
    _turn(function, schedule, on=False, is_trial=is_trial, as_json=as_json)


@click.command()
@function_option
@schedule_option
@dry_run_option
@json_option
def resume(*, function: str | None, schedule: str | None, is_trial: bool, as_json: bool) -> None:
    """Undo `ingestor pause`.

    \b
    Example:
      ingestor resume --function HANDLER --schedule SWEEPER
    """
    _turn(function, schedule, on=True, is_trial=is_trial, as_json=as_json)


def _turn(function: str | None, schedule: str | None, *, on: bool, is_trial: bool, as_json: bool) -> None:
    if function is None and schedule is None:
        raise click.UsageError(
            "say what: --function NAME, --schedule NAME or both; the stack's outputs name them"
        )
    outcomes = [
        _turned(each, on=on, is_trial=is_trial) for each in _found(environment_settings(), function, schedule)
    ]
    if as_json:
        print_json([plain_facts(each.after, was=each.before.state, dry_run=is_trial) for each in outcomes])
        return
    rows = table("what", "name", "for", "was", "is")
    for each in outcomes:
        is_now = (
            f"would be turned {'on' if on else 'off'}" if is_trial and each.is_change else each.after.state
        )
        rows.add_row(
            each.before.kind, shown(each.before.name), shown(each.before.target), each.before.state, is_now
        )
    output().print(rows)


def _found(settings: Settings, function: str | None, schedule: str | None) -> list[_Found]:
    """All of them, before the first is turned: a wrong name changes nothing."""
    from ingestor.bootstrap import operating  # noqa: PLC0415 - boto3 takes a fifth of a second

    found: list[_Found] = []
    if schedule is not None:
        schedules = operating.schedules(settings)
        found.append(_Found(schedules.find(schedule), schedules))
    if function is not None:
        sources = operating.event_sources(settings)
        found += [_Found(each, sources) for each in sources.of(function)]
    return found


def _turned(found: _Found, *, on: bool, is_trial: bool) -> _Outcome:
    before = found.switch
    is_change = before.is_on is not on
    after = found.owner.turn(before, on=on) if is_change and not is_trial else before
    return _Outcome(before, after, is_change)
