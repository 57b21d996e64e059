"""The overview of `ingestor status`. What needs attention comes first."""

from rich.console import Console

from ingestor.cli.support.terminal import count, counted, duration, moment, output, shown, table
from ingestor.cli.views.advice import what_happens_next, what_to_do
from ingestor.ledger import FileRecord, Overview


def show_overview(overview: Overview, *, first_command: str) -> None:
    """`first_command` is what an empty ledger suggests."""
    console = output()
    if not overview.states:
        console.print(
            f"The ledger is empty: nothing was loaded yet. Begin with `{shown(first_command)}`.",
            soft_wrap=True,
        )
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
    """Files that wait or fail. Those that need attention were shown before."""
    reported = {file.id for file in overview.needs_person}
    oldest, failing = overview.oldest_unfinished, overview.longest_failing
    if oldest is not None and oldest.id not in reported:
        reported.add(oldest.id)
        is_both = failing is not None and failing.id == oldest.id
        _show_unfinished(console, "Oldest unfinished" + (", failing longest" if is_both else ""), oldest)
    if failing is not None and failing.id not in reported:
        reported.add(failing.id)
        _show_unfinished(console, "Failing longest", failing)
    _show_failures(console, [each for each in overview.newest_failures if each.id not in reported])


def _show_unfinished(console: Console, title: str, file: FileRecord) -> None:
    console.print(f"\n{title}: [bold]{shown(file.uri)}[/]", soft_wrap=True)
    console.print(f"  {file.status}, known since {moment(file.created_at)}")
    if file.failing_since is not None:
        console.print(
            f"  failing since {moment(file.failing_since)}: {shown(file.error or '')}", soft_wrap=True
        )
    console.print(f"  next: {shown(what_happens_next(file))}", soft_wrap=True)


def _show_failures(console: Console, failures: list[FileRecord]) -> None:
    """The newest failures that no section above has shown."""
    if not failures:
        return
    console.print("\n[bold]Other failures[/], the newest first")
    for file in failures:
        console.print(f"  [bold]{shown(file.uri)}[/]", soft_wrap=True)
        console.print(
            f"    {moment(file.updated_at)}, {file.error_kind}: {shown(file.error or '')}", soft_wrap=True
        )
