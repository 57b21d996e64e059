"""What people and programs get to see: results on standard output, all else on standard error."""

import sys
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

UNLIMITED_WIDTH = 10_000
"""Not a terminal: nothing is wrapped or cut, so that grep finds it."""

_JSON = msgspec.json.Encoder(decimal_format="number", enc_hook=str)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="For programs: JSON on standard output, and nothing else there."
)

dry_run_option = click.option(
    "--dry-run", "is_trial", is_flag=True, help="Say what would be done, and change nothing."
)


def output() -> Console:
    return _console(stderr=False)


def messages() -> Console:
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else UNLIMITED_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False)


def say(message: str) -> None:
    """A message for people, on standard error; it may have lines of its own."""
    click.echo("\n".join(visible(line) for line in f"ingestor: {message}".splitlines()), err=True)


def print_json(value: object) -> None:
    """One line; dataclasses are objects, times are ISO 8601."""
    click.echo(_JSON.encode(value))


def visible(text: str) -> str:
    """No control character, bidirectional override or lone surrogate of other people's text reaches the terminal."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def shown(value: object) -> str:
    """Other people's text, safe in rich's markup as well."""
    return escape(visible(str(value)))


def table(*columns: str, numbers: frozenset[str] = frozenset(), title: str | None = None) -> Table:
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None)
    for name in columns:
        made.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return made


def count(number: float | None) -> str:
    return "" if number is None else f"{number:,.0f}"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float | None) -> str:
    """Two units at most: 0.04 s, 1.4 s, 12 s, 3 min 5 s, 2 h 10 min, 3 d 4 h."""
    if seconds is None:
        return ""
    if seconds < 10:  # noqa: PLR2004 - below, fractions of a second matter
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, size, smaller, smaller_size in _UNITS:
        if whole >= size:
            rest = whole % size // smaller_size
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


_UNITS: tuple[tuple[str, int, str, int], ...] = (
    ("d", 86_400, "h", 3_600),
    ("h", 3_600, "min", 60),
    ("min", 60, "s", 1),
)


def moment(when: datetime | None) -> str:
    """UTC, as the database keeps it."""
    return "" if when is None else when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def plain_facts(value: object, **more: object) -> dict[str, Any]:
    """A dataclass's fields, to be put into a larger JSON object."""
    facts: dict[str, Any] = msgspec.to_builtins(value, builtin_types=(datetime, bytes))
    return facts | more
