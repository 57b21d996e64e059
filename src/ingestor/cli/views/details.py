"""What the views of one file have in common: its facts, one a line, and a table of entries that are no rows."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from ingestor.cli.support.terminal import shown, table

_NAME_WIDTH = 16
_GLIMPSE = 60
"""Characters of an entry, beside the reason."""


@dataclass(frozen=True, slots=True)
class Fact:
    """`value` is printed as it is, with its colours: other people's text in it has been through `shown`."""

    name: str
    value: str


def show_facts(console: Console, title: str, facts: Iterable[Fact]) -> None:
    console.print(f"[bold]{shown(title)}[/]", soft_wrap=True)
    for fact in facts:
        console.print(f"  {fact.name + ':':<{_NAME_WIDTH}}{fact.value}", soft_wrap=True)


def entries_table(title: str) -> Table:
    return table("entry", "byte", "reason", "content", numbers=frozenset({"entry", "byte"}), title=title)


def glimpse(content: bytes) -> str:
    """The beginning of an entry."""
    text = content.decode("utf-8", "replace")
    return shown(text if len(text) <= _GLIMPSE else text[: _GLIMPSE - 1] + "…")
