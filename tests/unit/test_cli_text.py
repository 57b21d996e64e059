"""What the command line writes: safe, and in words."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from ingestor.cli import main
from ingestor.cli.support.terminal import counted, duration, shown
from ingestor.cli.views.file_view import folded
from ingestor.ledger import FileEvent
from ingestor.visible_text import visible

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain ünïcödé 日本 👍", "plain ünïcödé 日本 👍"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("two\nlines\ttab", r"two\nlines\ttab"),
        ("right\u202eleft", r"right\u202eleft"),
        ("lone \ud800 and \udcff", r"lone \ud800 and \udcff"),
        ("", ""),
    ],
)
def test_nothing_invisible_reaches_the_terminal(text: str, safe: str) -> None:
    assert visible(text) == safe


def test_markup_of_other_people_is_text() -> None:
    assert shown("[red]alarm[/red]") == r"\[red]alarm\[/red]"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.044, "0.04 s"),
        (1.44, "1.4 s"),
        (12.4, "12 s"),
        (59.9, "1 min"),
        (185, "3 min 5 s"),
        (7_800, "2 h 10 min"),
        (273_600, "3 d 4 h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_one_is_not_plural() -> None:
    assert [counted(number, "row") for number in (0, 1, 2_000)] == ["0 rows", "1 row", "2,000 rows"]


def event(name: str, second: int, *, version: int = 1, rows: int | None = None) -> FileEvent:
    return FileEvent(NOON + timedelta(seconds=second), version, name, None, None, rows)


def test_checkpoints_of_one_claim_in_a_row_become_one_line() -> None:
    events = [
        event("claimed", 0),
        event("checkpoint", 1, rows=10),
        event("checkpoint", 2, rows=20),
        event("taken over", 3, version=2),
        event("checkpoint", 4, version=2, rows=5),
        event("completed", 5, version=2, rows=1),
    ]
    lines = [(line.event.event, line.event.rows, line.times, line.event.at.second) for line in folded(events)]
    assert lines == [
        ("claimed", None, 1, 0),
        ("checkpoint", 30, 2, 2),
        ("taken over", None, 1, 3),
        ("checkpoint", 5, 1, 4),
        ("completed", 1, 1, 5),
    ]


def test_the_commands_can_be_enumerated() -> None:
    assert {"local", "migrate", "psql", "status", "retry", "reload"} <= set(
        main.list_commands(click.Context(main))
    )
