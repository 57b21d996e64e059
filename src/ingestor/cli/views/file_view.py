"""One file's history, as `ingestor status KEY` prints it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby

from rich.console import Console

from ingestor.cli.support.terminal import count, counted, duration, moment, output, shown, table
from ingestor.cli.views.advice import what_happens_next, where_it_is
from ingestor.cli.views.details import Fact, entries_table, glimpse, show_facts
from ingestor.ledger import FileEvent, FileHistory, FileRecord
from ingestor.ledger.history import SHOWN_EVENTS

_COLOURS = {"COMPLETED": "green", "FAILED": "red"}


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event, or several consecutive checkpoints."""

    event: FileEvent
    times: int


def show_history(history: FileHistory) -> None:
    console = output()
    show_facts(console, history.file.uri, _facts(history.file))
    _show_rejected(console, history)
    _show_events(console, history.events)


def show_matches(files: list[FileRecord]) -> None:
    rows = table("file", "state", "rows", numbers=frozenset({"rows"}))
    for file in files:
        rows.add_row(shown(file.uri), file.status, count(file.rows_loaded))
    output().print(rows)


def _facts(file: FileRecord) -> Iterator[Fact]:
    colour = _COLOURS.get(file.status, "yellow")
    kind = f" ({file.error_kind}{', ignored' if file.ignored_at else ''})" if file.status == "FAILED" else ""
    yield Fact("state", f"[{colour}]{file.status}[/]{kind}")
    yield Fact("next", shown(what_happens_next(file)))
    yield Fact("where", where_it_is(file))
    if file.error:
        yield Fact("last error", shown(file.error))
    if file.failing_since is not None:
        yield Fact("failing since", f"{moment(file.failing_since)}, for {_age(file.failing_since)}")
    if file.ignored_at is not None:
        yield Fact("ignored", f"{moment(file.ignored_at)}: {shown(file.ignored_reason)}")
    dropped = f", {count(file.rows_dropped)} dropped" if file.rows_dropped else ""
    yield Fact("rows", f"{count(file.rows_loaded)}, and {count(file.rows_rejected)} rejected{dropped}")
    yield from _format_facts(file)
    if file.first_log_at is not None:
        yield Fact("log times", f"{moment(file.first_log_at)} to {moment(file.last_log_at)}")
    yield Fact(
        "checkpoint",
        f"entry {count(file.checkpoint)}, at byte {count(file.checkpoint_offset)} uncompressed",
    )
    yield Fact(
        "attempts",
        f"{counted(file.attempts, 'unfinished attempt')}, {counted(file.failures, 'consecutive failure')}",
    )
    yield Fact(
        "object version",
        shown(f"ETag {file.etag}" + (f", version {file.version_id}" if file.version_id else "")),
    )
    if file.size_bytes is not None:
        yield Fact("stored size", counted(file.size_bytes, "byte"))
    if file.uploaded_at is not None:
        yield Fact("modified" if file.is_local else "uploaded", moment(file.uploaded_at))
    if file.processed_at is not None:
        yield Fact("completed", moment(file.processed_at) + _lag(file))


def _format_facts(file: FileRecord) -> Iterator[Fact]:
    if file.format is not None:
        yield Fact("format", shown(file.format + (f" ({file.format_reason})" if file.format_reason else "")))
    if file.unknown_fields:
        yield Fact(
            "unknown fields", f"in {counted(file.unknown_fields, 'entry', 'entries')}; they are in raw_data"
        )
    if file.pipeline is not None:
        yield Fact("pipeline", shown(file.pipeline))


def _age(since: datetime) -> str:
    return duration((datetime.now(UTC) - since).total_seconds())


def _lag(file: FileRecord) -> str:
    if file.is_local or file.uploaded_at is None or file.processed_at is None:
        return ""
    return f", {duration((file.processed_at - file.uploaded_at).total_seconds())} after its upload"


def _show_rejected(console: Console, history: FileHistory) -> None:
    if not history.first_rejected:
        return
    rows = entries_table("Rejected")
    for each in history.first_rejected:
        rows.add_row(count(each.ordinal), count(each.byte_offset), shown(each.error), glimpse(each.raw))
    console.print("", rows, sep="\n")
    left_out = history.file.rows_rejected - len(history.first_rejected)
    if left_out > 0:
        console.print(
            f"… and {count(left_out)} more in the table rejected_entries, with file_id {history.file.id}",
            soft_wrap=True,
        )


def _show_events(console: Console, events: list[FileEvent]) -> None:
    title = "History" + (f" (the last {SHOWN_EVENTS:,})" if len(events) == SHOWN_EVENTS else "")
    rows = table("at", "event", "claim", "rows", "", numbers=frozenset({"claim", "rows"}), title=title)
    for line in folded(events):
        event = line.event
        name = event.event if line.times == 1 else f"{event.event} ({line.times} times)"
        error = f"{event.kind}: {event.error}" if event.error else ""
        rows.add_row(moment(event.at), name, count(event.version), count(event.rows), shown(error))
    console.print("", rows, sep="\n")


def folded(events: list[FileEvent]) -> list[EventLine]:
    """Consecutive checkpoints of one claim become one line, with the last one's time and the sum of their rows."""
    lines = []
    for (name, _), group in groupby(events, key=lambda event: (event.event, event.version)):
        run = list(group)
        if name == "checkpoint":
            lines.append(EventLine(replace(run[-1], rows=sum(each.rows or 0 for each in run)), len(run)))
        else:
            lines.extend(EventLine(each, 1) for each in run)
    return lines
