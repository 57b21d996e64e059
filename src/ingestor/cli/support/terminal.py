"""What people and programs get to see: results on standard output, all else on standard error.

Nothing here lets other people's text do anything: what `visible` escapes reaches no terminal, and JSON is ASCII.
"""

import os
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from types import TracebackType
from typing import Any

import click
import msgspec
from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table

from ingestor.visible_text import visible, visible_lines, without_secrets

UNLIMITED_WIDTH = 10_000
"""Not a terminal: nothing is wrapped or cut, so that grep finds it."""

_JSON = msgspec.json.Encoder(decimal_format="number", enc_hook=str)
_NOT_PLAIN_ASCII = re.compile(r"[^ -~]")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SECRET_VARIABLES = ("DB_PASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON on standard output, and nothing else there."
)

dry_run_option = click.option(
    "--dry-run", "dry_run", is_flag=True, help="Show what would be done, and change nothing."
)


class _HarmlessConsole(Console):
    """What a view forgot to escape is escaped here. Line ends are the views' own: `shown` escapes others'."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        segments = super().render(renderable, options)
        if isinstance(renderable, Table) and not self.is_terminal:
            segments = _unpadded(segments)
        for segment in segments:
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(visible_lines(segment.text), segment.style)


def _unpadded(segments: Iterable[Segment]) -> Iterator[Segment]:
    """A table's lines without the spaces that fill them up to the longest one's end."""
    for line in Segment.split_lines(segments):
        while line and not line[-1].text.strip(" "):
            line.pop()
        if line:
            line[-1] = Segment(line[-1].text.rstrip(" "), line[-1].style)
        yield from line
        yield Segment.line()


def output() -> Console:
    return _console(stderr=False)


def messages() -> Console:
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else UNLIMITED_WIDTH
    return _HarmlessConsole(stderr=stderr, width=width, highlight=False, soft_wrap=False)


def say(message: str, *more_lines: str) -> None:
    """A message for people, on standard error."""
    lines = (f"ingestor: {message}", *more_lines)
    click.echo("\n".join(visible(line) for line in lines), err=True)


def print_json(value: object) -> None:
    """One line; dataclasses are objects, times are ISO 8601, and what is not plain ASCII is escaped."""
    try:
        encoded = _JSON.encode(value)
    except UnicodeEncodeError:
        encoded = _JSON.encode(_well_formed(_builtins(value)))
    click.echo(_NOT_PLAIN_ASCII.sub(_json_escape, encoded.decode()))


def _json_escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in "\t\n\r":
        return " "  # only ever between values, of a json column: within a string it is escaped already
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _well_formed(value: Any) -> Any:  # noqa: ANN401 - of builtin types
    """A file's name may hold bytes that are no UTF-8, and JSON can't: U+FFFD stands for each."""
    match value:
        case str():
            return _LONE_SURROGATE.sub("\ufffd", value)
        case dict():
            return {_well_formed(name): _well_formed(each) for name, each in value.items()}
        case list() | tuple():
            return [_well_formed(each) for each in value]
        case _:
            return value


def relayed(text: str) -> str:
    """What another machine's `ingestor` printed, whatever its version escapes; colours are all that passes."""
    parts = _COLOUR.split(text)
    return "".join(part if _COLOUR.fullmatch(part) else visible_lines(part) for part in parts)


def print_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """As Python's own, which prints an exception's text as it is."""
    print_foreign("".join(traceback.format_exception(kind, error, trace)).removesuffix("\n"))


def print_foreign(text: str) -> None:
    """What other people's code says, on standard error; secrets of our environment are hidden wherever they stand."""
    for name in _SECRET_VARIABLES:
        text = text.replace(os.environ.get(name) or "\0", "***")
    click.echo(visible_lines(without_secrets(text)), err=True)


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


def counted(number: int, noun: str, nouns: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


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
    facts: dict[str, Any] = _builtins(value)
    return facts | more


def _builtins(value: object) -> Any:  # noqa: ANN401 - whatever it is made of
    return msgspec.to_builtins(value, builtin_types=(datetime, bytes, Decimal))
