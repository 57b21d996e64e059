"""What a sweep would find now; nothing is changed, nothing sent."""

from dataclasses import dataclass

from ingestor import ledger
from ingestor.deadline import UNLIMITED
from ingestor.sweep.dead_letters import DeadLetters, Look, go_through
from ingestor.sweep.discovery import Discovery, dry_run_discovery
from ingestor.sweep.tools import SweepTools

SHOWN_DUE = 10_000


@dataclass(frozen=True, slots=True)
class FoundDue:
    """At most SHOWN_DUE together."""

    to_send: int
    worn_out: int


@dataclass(frozen=True, slots=True)
class DryRunReport:
    due: FoundDue
    discovery: Discovery
    dead_letters: DeadLetters


def dry_run_sweep(tools: SweepTools) -> DryRunReport:
    """Raises as `sweep` does, and ServiceUnavailableError for a bucket or queue that can't be had."""
    with (
        tools.database.transaction() as connection,
        connection.transaction(force_rollback=True),  # the same statement, and taken back
    ):
        page = ledger.requeue_due(
            connection,
            limit=SHOWN_DUE,
            max_attempts=tools.settings.max_attempts,
            buckets=tools.settings.watched_buckets,
        )
    letters = DeadLetters(is_complete=True)
    if tools.dead_letters is not None:
        look = Look(tools.database, tools.objects, tools.dead_letters, tools.settings, dry_run=True)
        letters = go_through(look, UNLIMITED, lambda _: None)
    return DryRunReport(FoundDue(len(page.files), page.worn_out), dry_run_discovery(tools), letters)
