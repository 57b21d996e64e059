"""The context of a command: its deadline, and the stack it runs in. Only the operate function has either."""

from dataclasses import dataclass

import click

from ingestor.deadline import UNLIMITED, Deadline


@dataclass(frozen=True, slots=True)
class CommandContext:
    """Click carries it as the object of its own context. `stack`: the name given with --stack."""

    deadline: Deadline = UNLIMITED
    stack: str | None = None


def command_context() -> CommandContext:
    context = click.get_current_context(silent=True)
    found = context.find_object(CommandContext) if context is not None else None
    return found or CommandContext()
