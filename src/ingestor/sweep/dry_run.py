"""What a sweep would find now; nothing is changed, nothing sent."""

from dataclasses import dataclass

from ingestor import ledger
from ingestor.deadline import UNLIMITED
from ingestor.sweep.context import SweepContext
from ingestor.sweep.dead_letters import DeadLetterContext, DeadLetters, go_through
from ingestor.sweep.discovery import Discovery, dry_run_discovery

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


def dry_run_sweep(context: SweepContext) -> DryRunReport:
    """Raises as `sweep` does, and ServiceUnavailableError for a bucket or queue that can't be had."""
    with (
        context.database.transaction() as connection,
        connection.transaction(force_rollback=True),  # the same statement, and taken back
    ):
        page = ledger.requeue_due(
            connection,
            limit=SHOWN_DUE,
            max_attempts=context.settings.max_attempts,
            buckets=context.settings.watched_buckets,
        )
    letters = DeadLetters(is_complete=True)
    if context.dead_letters is not None:
        of_sweep = DeadLetterContext(
            context.database, context.objects, context.dead_letters, context.settings, dry_run=True
        )
        letters = go_through(of_sweep, UNLIMITED, lambda _: None)
    return DryRunReport(FoundDue(len(page.files), page.worn_out), dry_run_discovery(context), letters)
