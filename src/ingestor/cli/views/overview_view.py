"""The overview of `ingestor status`. What needs attention comes first."""

from rich.console import Console

from ingestor.cli.support.terminal import count, counted, duration, moment, output, shown, table
from ingestor.cli.views.advice import what_happens_next, what_to_do
from ingestor.ledger import FileRecord, Overview


def show_overview(overview: Overview) -> None:
    console = output()
    if not overview.states:
        console.print("The ledger is empty: nothing was loaded yet. Begin with `ingestor local FILE`.")
        return
    _show_what_needs_attention(console, overview)
    _show_states(console, overview)
    _show_pace(console, overview)
    _show_waiting(console, overview)


def _show_what_needs_attention(console: Console, overview: Overview) -> None:
    if not overview.need_person:
        console.print("[bold green]Nothing needs attention.[/]\n")
        return
    verb = "needs" if overview.need_person == 1 else "need"
    console.print(f"[bold red]{counted(overview.need_person, 'file')} {verb} attention[/]")
    for file in overview.needs_person:
        console.print(f"  [bold]{shown(file.uri)}[/]", soft_wrap=True)
        if file.error:
            console.print(f"    why:   {shown(file.error)}", soft_wrap=True)
        console.print(f"    to do: {shown(what_to_do(file))}", soft_wrap=True)
    left_out = overview.need_person - len(overview.needs_person)
    if left_out > 0:
        console.print(f"  … and {count(left_out)} more, in the view `files`")
    console.print()


def _show_states(console: Console, overview: Overview) -> None:
    rows = table("state", "files", "rows", "rejected", numbers=frozenset({"files", "rows", "rejected"}))
    for state in overview.states:
        name = f"{state.status} ({state.error_kind})" if state.error_kind else state.status
        rows.add_row(name, count(state.files), count(state.rows_loaded), count(state.rows_rejected))
    console.print(rows)
    if overview.ignored:
        console.print(
            f"ignored: {counted(overview.ignored, 'failed file')}, with the reason in ignored_reason"
        )
    if overview.rows_rejected:
        console.print(
            f"rejected: {count(overview.rows_rejected)} in {counted(overview.files_with_rejects, 'file')}; "
            "each with its reason in the table rejected_entries",
            soft_wrap=True,
        )
    if overview.rows_dropped:
        console.print(f"dropped: {count(overview.rows_dropped)}")
    console.print()


def _show_pace(console: Console, overview: Overview) -> None:
    for each in overview.throughput:
        period = "last hour" if each.hours == 1 else f"last {each.hours} h"
        console.print(
            f"{period + ':':<13}{counted(each.files, 'file')}, {counted(each.rows, 'row')}, "
            f"{each.stored_bytes / 1e6:,.1f} MB stored"
        )
    lag = overview.lag
    if lag.files:
        console.print(
            f"{'lag, 24 h:':<13}median {duration(lag.median_seconds)}, 95% within {duration(lag.p95_seconds)}, "
            f"slowest {duration(lag.max_seconds)} (upload to commit)"
        )
    else:
        console.print(f"{'lag, 24 h:':<13}no object was loaded")


def _show_waiting(console: Console, overview: Overview) -> None:
    oldest = overview.oldest_unfinished
    if oldest is not None:
        console.print(f"\nOldest unfinished: [bold]{shown(oldest.uri)}[/]", soft_wrap=True)
        console.print(f"  {oldest.status}, known since {moment(oldest.created_at)}")
        console.print(f"  next: {shown(what_happens_next(oldest))}", soft_wrap=True)
    failing = overview.longest_failing
    if failing is not None:
        console.print(f"\nFailing longest: [bold]{shown(failing.uri)}[/]", soft_wrap=True)
        console.print(
            f"  since {moment(failing.failing_since)}: {shown(failing.error or '')}", soft_wrap=True
        )
        console.print(f"  next: {shown(what_happens_next(failing))}", soft_wrap=True)
    _show_failures(console, overview.newest_failures)


def _show_failures(console: Console, failures: list[FileRecord]) -> None:
    if not failures:
        return
    rows = table("at", "file", "kind", "error", title="Newest failures")
    for file in failures:
        rows.add_row(
            moment(file.updated_at), shown(file.uri), shown(file.error_kind or ""), shown(file.error or "")
        )
    console.print("", rows, sep="\n")
