"""What `ingestor try` prints of each file."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console

from ingestor.cli.support.terminal import count, counted, duration, moment, output, shown, table
from ingestor.cli.views.details import Fact, entries_table, glimpse, show_facts
from ingestor.cli.views.local_report import quoted
from ingestor.cli.views.try_facts import TriedFile, format_of
from ingestor.model.columns import COLUMNS, Row
from ingestor.model.instants import datetime_of
from ingestor.routing import Skip
from ingestor.tryout import Tryout
from ingestor.tryout.tally import LostEntries
from ingestor.tryout.unmapped import MOST_LOOKED_AT, FieldPath

_ROW_COLUMNS = (
    "timestamp", "level", "method", "url", "status_code", "processing_time_ms", "remote_address", "request_id",
    "trace_id", "hostname", "context", "message",
)  # fmt: skip
"""Of the table of rows, in this order: those that some row has."""

_SHOWN_FIELDS = 20
_ENTRIES_FOR_SPEED = 1_000
_CELL = 48
_POSITIONS = {str(column.name): position for position, column in enumerate(COLUMNS)}


def show_tried(tried: TriedFile) -> None:
    console = output()
    show_facts(console, tried.name, _facts(tried))
    if tried.tryout is not None:
        _show_rows(console, tried.tryout.tally.first_rows)
        _show_lost(console, "Rejected", tried.tryout.tally.rejected)
        _show_lost(console, "Dropped", tried.tryout.tally.dropped)
        _show_unmapped(console, tried.tryout)
    is_skipped = tried.tryout is not None and isinstance(tried.tryout.route, Skip)
    if is_skipped:
        console.print("\nNo entry of it is wanted: it would complete without being read.", soft_wrap=True)
    elif tried.is_good and tried.name != "-":
        console.print(f"\nTo load it: [bold]ingestor local {shown(quoted(tried.name))}[/]", soft_wrap=True)
    console.print()


def _facts(tried: TriedFile) -> Iterator[Fact]:
    tryout = tried.tryout
    is_log = tryout is not None and (tried.error is None or tryout.tally.entries)
    if is_log and tryout is not None and tryout.route is not None:
        yield Fact("format", shown(f"{format_of(tryout)} ({tryout.route.reason})"))
        if not isinstance(tryout.route, Skip):
            yield from _content_facts(tried, tryout)
    if tried.error is not None:
        yield Fact("error", f"[red]{shown(tried.error)}[/]")


def _content_facts(tried: TriedFile, tryout: Tryout) -> Iterator[Fact]:
    tally = tryout.tally
    if tryout.compression:
        names = " within ".join(reversed(tryout.compression))
        stored, unpacked = counted(tryout.stored_bytes, "byte"), count(tryout.uncompressed_bytes)
        yield Fact("compression", f"{names}: {stored}, {unpacked} uncompressed")
    else:
        yield Fact("size", f"{counted(tryout.stored_bytes, 'byte')}, not compressed")
    colour = "red" if tally.rejected.count else "green"
    yield Fact(
        "entries",
        f"{count(tally.entries)}: {counted(tally.rows, 'row')}, [{colour}]{count(tally.rejected.count)} rejected[/]"
        + (f", {count(tally.dropped.count)} dropped" if tally.dropped.count else ""),
    )
    if tally.first_log is not None and tally.last_log is not None:
        yield Fact(
            "log times", f"{moment(datetime_of(tally.first_log))} to {moment(datetime_of(tally.last_log))}"
        )
    if tally.unknown_fields:
        yield Fact(
            "unknown fields",
            f"in {counted(tally.unknown_fields, 'entry', 'entries')}; they are in raw_data",
        )
    if tally.entries >= _ENTRIES_FOR_SPEED:
        yield Fact(
            "speed",
            f"{count(tally.entries / tryout.seconds)} entries/s, {duration(tryout.seconds)} without PostgreSQL",
        )
    if tried.would_fail:
        yield Fact(
            "would fail",
            f"[red]more than MAX_REJECT_RATIO={tried.max_reject_ratio} of its entries are rejected[/]",
        )


def _show_rows(console: Console, rows: list[Row]) -> None:
    if not rows:
        return
    names = [name for name in _ROW_COLUMNS if any(row[_POSITIONS[name]] is not None for row in rows)]
    shown_rows = table(*names, title="First rows")
    for row in rows:
        shown_rows.add_row(*(_cell(name, row[_POSITIONS[name]]) for name in names))
    console.print("", shown_rows, sep="\n")


def _cell(name: str, value: Any) -> str:  # noqa: ANN401 - of any column
    if value is None:
        return ""
    if name == "timestamp":
        return datetime_of(value).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return _cut(f"{value:,.1f}" if isinstance(value, float) else str(value))


def _show_lost(console: Console, title: str, lost: LostEntries) -> None:
    if not lost.count:
        return
    rows = entries_table(title)
    for each in lost.first:
        rows.add_row(count(each.ordinal), count(each.byte_offset), shown(each.reason), glimpse(each.content))
    console.print("", rows, sep="\n")
    if lost.count > len(lost.first):
        for reason, number in lost.reasons.most_common(10):
            console.print(f"  {count(number)} x {shown(reason)}", soft_wrap=True)


def _show_unmapped(console: Console, tryout: Tryout) -> None:
    if tryout.unmapped is None or not tryout.unmapped.counts:
        return
    suggested = {} if tryout.suggestion is None else {v: k for k, v in tryout.suggestion.columns.items()}
    rows = table("field", "entries", "", numbers=frozenset({"entries"}), title="Fields without a column")
    for path, number in tryout.unmapped.counts.most_common(_SHOWN_FIELDS):
        name = ".".join(path)
        column = suggested.get(name)
        rows.add_row(shown(name), count(number), shown(f"could be {column}" if column else in_raw_data(path)))
    console.print("", rows, sep="\n")
    if tryout.unmapped.looked_at == MOST_LOOKED_AT:
        console.print(f"  of the first {MOST_LOOKED_AT:,} entries")
    left_out = len(tryout.unmapped.counts) - _SHOWN_FIELDS
    if left_out > 0:
        console.print(f"  … and {counted(left_out, 'more field', 'more fields')}")
    if tryout.suggestion is not None:
        console.print(
            "\nA rule of ingestor.toml gives them a column:",
            "  [[rule]]",
            '  key = "*"',
            sep="\n",
            markup=False,
        )
        for line in tryout.suggestion.lines:
            console.print(f"  {line}", markup=False, soft_wrap=True)


def in_raw_data(path: FieldPath) -> str:
    """The SQL that reads it."""
    *outer, last = [part.replace("'", "''") for part in path]
    return "raw_data" + "".join(f"->'{part}'" for part in outer) + f"->>'{last}'"


def _cut(text: str) -> str:
    return shown(text if len(text) <= _CELL else text[: _CELL - 1] + "…")
