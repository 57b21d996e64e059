"""What a pass has to do: listed objects are entered, and then the ledger says what to load, and in what order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ingestor import discovery, ledger
from ingestor.database import Database
from ingestor.discovery import DefaultStart, Entering, Scope, Step, Window
from ingestor.model.source_file import SourceFile
from ingestor.outage import Patience
from ingestor.settings import Settings
from ingestor.sources import ObjectStore
from ingestor.sources.listing import pages, pages_since

DUE_PAGE = 500

type MayGoOn = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """`since`: objects uploaded at or after it; None: those that the ledger has not heard of, from START_FROM on."""

    bucket: str
    prefix: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a pass works with."""

    database: Database
    objects: ObjectStore
    settings: Settings


def due(context: RunContext, wanted: Wanted, patience: Patience) -> Iterator[SourceFile]:
    """Pending files, failed ones that are due, and those whose worker died: the oldest upload first, page by page."""
    last: ledger.DueFile | None = None
    while page := patience.through(partial(_due_page, context, wanted, last)):
        yield from (each.file for each in page)
        last = page[-1]


def _due_page(context: RunContext, wanted: Wanted, after: ledger.DueFile | None) -> list[ledger.DueFile]:
    with context.database.transaction() as connection:
        return ledger.due_files(
            connection, limit=DUE_PAGE, bucket=wanted.bucket, prefix=wanted.prefix, after=after
        )


def enter_recent(context: RunContext, wanted: Wanted, may_go_on: MayGoOn) -> Iterator[Step]:
    """Everything uploaded before this call is in the ledger when it ends, unless `may_go_on` ended it.

    A listing that was broken off is gone on with; what came behind its cursor meanwhile is for the next.
    """
    while True:
        with context.database.transaction() as connection:
            listing = _open_recent(connection, context, wanted)
        yield from _enter(context, listing, may_go_on)
        if listing.cursor is None or not may_go_on():
            return


def reconcile(context: RunContext, wanted: Wanted, may_go_on: MayGoOn) -> Iterator[Step]:
    """Everything, once in RECONCILE_HOURS: for what a recent listing passes over."""
    if wanted.since is not None:
        return
    with context.database.transaction() as connection:
        listing = discovery.open_reconciliation(connection, _scope(context, wanted))
    if listing is not None:
        yield from _enter(context, listing, may_go_on)


def dry_run_steps(context: RunContext, wanted: Wanted) -> Iterator[Step]:
    """What a pass would enter. Changes nothing."""
    objects, bucket, prefix = context.objects, wanted.bucket, wanted.prefix
    with context.database.transaction() as connection:
        now = ledger.current_time(connection)
        scope = _scope(context, wanted)
        start = wanted.since or discovery.start_of(connection, scope)
        is_whole = wanted.since is not None or discovery.is_reconciliation_due(connection, scope)
        window = Window(start if is_whole else discovery.recent_from(connection, scope), now)
    listed = (
        pages(objects, bucket, prefix)
        if is_whole
        else pages_since(objects, bucket, prefix, newer_than=window.newer_than)
    )
    entering = Entering.of(context.database, context.settings)
    return discovery.dry_run_steps(entering, bucket, window, listed, lambda: True)


def _open_recent(connection: ledger.Connection, context: RunContext, wanted: Wanted) -> ledger.Listing:
    if wanted.since is not None:
        return discovery.open_since(connection, wanted.bucket, wanted.prefix, wanted.since)
    return discovery.open_recent_or_whole(connection, _scope(context, wanted))


def _enter(context: RunContext, listing: ledger.Listing, may_go_on: MayGoOn) -> Iterator[Step]:
    with context.database.transaction() as connection:
        window = discovery.window_of(connection, listing)
    entering = Entering.of(context.database, context.settings)
    return discovery.enter(entering, listing, window, context.objects, may_go_on)


def _scope(context: RunContext, wanted: Wanted) -> Scope:
    return Scope.of(context.settings, wanted.bucket, wanted.prefix, DefaultStart.EVERYTHING)
