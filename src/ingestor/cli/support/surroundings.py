"""Where a command runs: on somebody's machine, or in a stack's operate function, which has a time limit."""

from dataclasses import dataclass

import click

from ingestor.deadline import UNLIMITED, Deadline


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The object of click's context; `stack`: how a person names the stack we run in."""

    deadline: Deadline = UNLIMITED
    stack: str | None = None


def surroundings() -> Surroundings:
    context = click.get_current_context(silent=True)
    found = context.find_object(Surroundings) if context is not None else None
    return found or Surroundings()
