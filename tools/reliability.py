"""What `make faults` measured, into docs/reliability-results.json and the table of docs/reliability.md.

`python -m tools.reliability REPORT…`: the lines that FAULT_REPORT collected, of one run or of several, take the place
of what was there. Without a report the table alone is written anew.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "reliability-results.json"
DOCUMENT = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- from reliability-results.json -->", "<!-- end -->"


@dataclass(frozen=True, slots=True)
class Kind:
    """The tests of one function. `counted`: which of their figures says how many faults there were; none: one each."""

    test: str
    what: str
    counted: tuple[str, ...] = ()


KINDS = (
    Kind(
        "test_a_storm_of_kills_loses_and_doubles_nothing",
        "workers, sweepers, `run`, `reload`, `retry`, `migrate` killed at random instants, and frozen past their lease",
        ("kills", "freezes"),
    ),
    Kind(
        "test_a_storm_of_kills_in_bad_weather_of_the_database_loses_and_doubles_nothing",
        "the same, while the database crashes, restarts, is read-only, locked, full of connections, or ends its own",
        ("kills", "freezes", "weather"),
    ),
    Kind(
        "test_a_worker_killed_at_any_named_point_leaves_nothing_that_the_others_do_not_finish",
        "killed at each named point between two steps",
        ("kills",),
    ),
    Kind(
        "test_workers_frozen_at_every_named_point_hold_nobody_up_and_change_nothing_when_they_wake",
        "frozen at each named point, and woken when the others are done",
        ("frozen",),
    ),
    Kind(
        "test_a_migration_killed_at_any_statement_is_done_by_the_next_one",
        "`migrate` killed at each of its statements",
        ("kills",),
    ),
    Kind(
        "test_a_database_that_fails_amid_any_step_costs_time_and_nothing_else",
        "each trouble of the database at ten points, and deadlocks",
        ("faults",),
    ),
    Kind("test_a_full_disk_costs_time_and_nothing_else", "no room for the tables amid a file"),
    Kind(
        "test_a_disk_too_full_for_the_servers_own_log_costs_time_and_nothing_else",
        "no room for the WAL: the server ends itself",
    ),
    Kind(
        "test_what_a_restored_database_has_forgotten_is_loaded_again_once",
        "the database restored from a backup, objects overwritten and new since",
    ),
    Kind(
        "test_a_chunk_is_loaded_once_whatever_becomes_of_its_commit",
        "a COMMIT lost, or its answer lost, late or never given, in each chunk",
    ),
    Kind(
        "test_a_fault_of_the_network_costs_time_and_nothing_else",
        "S3, SQS or PostgreSQL refused, reset, black hole, 1 KB/s, 300 ms late, truncated or frozen, at four points",
    ),
    Kind("test_nothing_is_lost_and_no_worker_grows_under_load", "nothing but load"),
)
"""In the order of the table."""

SUMMED = ("files", "entries", "lost", "doubled")


def aggregated(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each kind that was run; several runs of it are added up."""
    rows = []
    by_name: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        by_name.setdefault(line["test"].partition("[")[0], []).append(line)
    for kind in KINDS:
        runs = by_name.get(kind.test, [])
        if runs:
            faults = sum(sum(int(run[name]) for name in kind.counted) if kind.counted else 1 for run in runs)
            row: dict[str, Any] = {"test": kind.test, "faults": faults}
            row |= {name: sum(run.get(name, 0) for run in runs) for name in SUMMED}
            row["seeds"] = sorted({run["seed"] for run in runs})
            rows.append(row)
    return rows


def table(results: dict[str, Any]) -> str:
    """Markdown."""
    lines = ["| what happened | times | files | entries | lost | doubled |", "|---|---|---|---|---|---|"]
    what = {kind.test: kind.what for kind in KINDS}
    for row in results["rows"]:
        numbers = " | ".join(f"{row[name]:,}" for name in ("faults", *SUMMED))
        lines.append(f"| {what[row['test']]} | {numbers} |")
    return "\n".join(lines)


def load_facts(results: dict[str, Any]) -> str:
    """One run under load."""
    load = results["load"]
    small, large = f"{load['small_files']:,} small objects", f"{load['large_files']} of 100,000 entries"
    return " ".join((
        f"Under load: {small} and {large}, uploaded as fast as they were taken, with about 50 messages",
        f"waiting: {load['files_per_second']} files a second. From upload to commit, half of the small ones took",
        f"{load['small_p50_s']} s at most and 99 % {load['small_p99_s']} s; of the large ones half",
        f"{load['large_p50_s']} s and the slowest {load['large_p99_s']} s.",
        f"The largest worker had {load['max_rss_mib_of_the_first_third']} MiB in",
        f"the first third and {load['max_rss_mib']} MiB in all.",
    ))  # fmt: skip


def rendered(results: dict[str, Any]) -> str:
    parts = [table(results)]
    if "load" in results:
        parts.append(load_facts(results))
    parts.append(f"Measured at commit `{results['commit']}` on {results['machine']}.")
    return "\n\n".join(parts)


def document(text: str, results: dict[str, Any]) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{rendered(results)}\n\n{END}{after}"


def _results(reports: list[str]) -> dict[str, Any]:
    lines = [json.loads(line) for each in reports for line in Path(each).read_text().splitlines()]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    results: dict[str, Any] = {
        "commit": commit,
        "machine": f"two shared cores, {platform.system()}, Python {platform.python_version()}",
        "rows": aggregated(lines),
    }
    load = [line for line in lines if line["test"] == KINDS[-1].test]
    if load:
        results["load"] = load[-1]
    return results


def main() -> None:
    if reports := sys.argv[1:]:
        RESULTS.write_text(json.dumps(_results(reports), indent=1) + "\n")
    DOCUMENT.write_text(document(DOCUMENT.read_text(), json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    main()
