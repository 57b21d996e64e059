"""What a person gets to see; lines without colours or cuts where there is no terminal."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from demo.deployment import Stack
from demo.observe import DeadLetter, FileState
from demo.programs import REGION
from demo.uploads import Upload
from demo.variables import cloud_variables, database_variables, exports, queue_variables
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingestor.database import ConnectionParameters, Database, run_query

WIDTH_WITHOUT_TERMINAL = 140
COLOURS = {"COMPLETED": "green", "FAILED": "red", "PROCESSING": "yellow", "PENDING": "yellow"}


@dataclass(frozen=True, slots=True)
class Question:
    asks: str
    sql: str


QUESTIONS = (
    Question(
        "Which routes fail?",
        """\
SELECT regexp_replace(split_part(url, '?', 1), '[0-9]+', ':id', 'g') AS route,
       count(*) AS errors, mode() WITHIN GROUP (ORDER BY raw_data->'err'->>'message') AS mostly
FROM logs WHERE severity >= 17
GROUP BY route ORDER BY errors DESC, route LIMIT 5""",
    ),
    Question(
        "Which routes are slow?",
        """\
SELECT method, regexp_replace(split_part(url, '?', 1), '[0-9]+', ':id', 'g') AS route,
       count(*) AS requests, round(avg(processing_time_ms)::numeric, 1) AS mean_ms,
       round(max(processing_time_ms)::numeric, 1) AS max_ms
FROM logs WHERE processing_time_ms IS NOT NULL
GROUP BY method, route ORDER BY mean_ms DESC, route LIMIT 5""",
    ),
    Question(
        "How long do answers take, by status?",
        """\
SELECT status_code, count(*) AS requests,
       round(percentile_cont(0.95) WITHIN GROUP (ORDER BY processing_time_ms)::numeric, 1) AS p95_ms
FROM logs WHERE status_code IS NOT NULL AND processing_time_ms IS NOT NULL
GROUP BY status_code ORDER BY status_code""",
    ),
)


def console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)


def file_table(
    uploads: Sequence[Upload], files: Mapping[str, FileState], uploaded_at: Mapping[str, datetime]
) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("file", overflow="fold")
    table.add_column("state")
    for name in ("rows", "rejected", "attempts", "seconds"):
        table.add_column(name, justify="right")
    for upload in uploads:
        name = f"{escape(upload.key)}\n  [dim]{escape(upload.shows)}[/]"
        file = files.get(upload.key)
        if file is None:
            table.add_row(name, "[dim]uploaded[/]" if upload.key in uploaded_at else "", "", "", "", "")
            continue
        table.add_row(
            name,
            f"[{COLOURS[file.status]}]{file.status}[/]",
            f"{file.rows:,}", f"{file.rejected:,}", str(file.attempts), _seconds(file, uploaded_at),
        )  # fmt: skip
    return table


def change(file: FileState) -> str:
    """For where nothing can be redrawn."""
    return f"{file.key}: {file.status}, {file.rows} rows, {file.rejected} rejected"


def show_dead_letters(out: Console, letters: Sequence[DeadLetter], files: Mapping[str, FileState]) -> None:
    out.print(f"\n[bold]Dead-letter queue[/]: {len(letters)} message{'' if len(letters) == 1 else 's'}")
    for letter in letters:
        for key in letter.keys or ("(a message nobody understands)",):
            error = files[key].error if key in files else None
            out.print(f"  {escape(key)}\n    [red]{escape(error or 'no reason in the ledger')}[/]")


def show_answers(out: Console, database: Database, questions: Sequence[Question] = QUESTIONS) -> None:
    for question in questions:
        out.print(f"\n[bold]{question.asks}[/]")
        out.print(f"[dim]{escape(question.sql)};[/]\n")
        rows = list(run_query(database, question.sql))
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        for name, value in (rows[0] if rows else {}).items():
            table.add_column(name, justify="left" if isinstance(value, str) else "right", no_wrap=True)
        for row in rows:
            table.add_row(*("" if value is None else _one_line(value) for value in row.values()))
        out.print(table)


def show_conclusion(out: Console, found: Sequence[str], rows: int) -> None:
    """`found`: what is not as expected."""
    if not found:
        out.print(
            f"\n[green]Result as expected[/]: {rows:,} rows, each entry once; malformed entries are in "
            "rejected_entries, broken files among the dead letters."
        )
        return
    out.print("\n[red]Result not as expected[/]:")
    for shortcoming in found:
        out.print(f"  {escape(shortcoming)}")


def show_how_to_connect(
    out: Console, stack: Stack, database: ConnectionParameters, cloud_endpoint: str
) -> None:
    groups = (
        database_variables(database),
        cloud_variables(cloud_endpoint),
        queue_variables(stack.bucket, stack.queue_url, stack.dead_letter_queue_url),
    )
    out.print(
        "\nStays up until Ctrl-C. In another terminal, in this folder:\n\n"
        f"{escape(exports(*groups))}"
        "  .venv/bin/ingestor status\n"
        "  .venv/bin/ingestor psql\n"
        "  .venv/bin/ingestor redrive --dry-run\n"
        f"  .venv/bin/ingestor --stack {stack.name} status\n\n"
        "A file of your own:\n\n"
        "  .venv/bin/python -c \"import boto3; boto3.client('s3', region_name="
        f"'{REGION}').upload_file('my.json.gz', '{stack.bucket}', 'my.json.gz')\"",
        soft_wrap=True,
    )


def _one_line(value: object) -> str:
    return escape(" ".join(str(value).split()))


def _seconds(file: FileState, uploaded_at: Mapping[str, datetime]) -> str:
    if file.ended_at is None or file.key not in uploaded_at:
        return ""
    return f"{(file.ended_at - uploaded_at[file.key]).total_seconds():.2f}"
