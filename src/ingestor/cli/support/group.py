"""From failures to one clear line and exit statuses: 0 done, 1 failed, 2 wrong usage, 75 unfinished, 130 stopped."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from ingestor.cli.support.terminal import print_traceback, say
from ingestor.errors import ConfigurationError, IngestorError
from ingestor.visible_text import visible

FAILED = 1
WRONG_USAGE = 2
UNFINISHED = 75
"""A function's time limit was reached; running the command again continues it. EX_TEMPFAIL of sysexits.h."""


class IngestorGroup(click.Group):
    """Every failure that the package raises on purpose ends a command without a traceback, but with `--debug`."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:  # noqa: ANN401 - click's own signature
        with _harmless_usage_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        try:
            with _harmless_usage_errors():
                return super().invoke(ctx)
        except ConfigurationError as error:
            _trace(ctx, error)
            say(*str(error).split("\n"))
            ctx.exit(WRONG_USAGE)
        except IngestorError as error:
            _trace(ctx, error)
            say(*str(error).split("\n"))
            ctx.exit(FAILED)
        except KeyboardInterrupt:
            say("interrupted")
            ctx.exit(stopped_by(signal.SIGINT))


def _trace(ctx: click.Context, error: IngestorError) -> None:
    if ctx.params.get("debug"):
        print_traceback(type(error), error, error.__traceback__)


@contextmanager
def _harmless_usage_errors() -> Iterator[None]:
    """Click repeats what it couldn't understand, such as a file's name that the shell's `*` found: it is escaped."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise click.UsageError(visible(error.format_message()), ctx=error.ctx) from error


class Stopped(SystemExit):
    """Ends the process as the shell reports a signal's end."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(stopped_by(signal_number))


def stopped_by(signal_number: int) -> int:
    """The shell's convention: https://tldp.org/LDP/abs/html/exitcodes.html"""
    return 128 + signal_number


def raise_stopped(signal_number: int, _frame: object) -> NoReturn:
    """A signal handler that lets every `finally` run."""
    raise Stopped(signal_number)
