"""The work of a pass: listed objects are entered, then the ledger says which files to load, and in what order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ingestor import discovery, ledger
from ingestor.database import Connection, Database
from ingestor.discovery import DefaultStart, Entering, MayGoOn, Scope, Step, UploadWindow
from ingestor.model.source_file import SourceFile
from ingestor.outage import Patience
from ingestor.settings import Settings
from ingestor.sources import ObjectStore
from ingestor.sources.listing import pages, pages_since

DUE_PAGE = 500


@dataclass(frozen=True, slots=True)
class RunScope:
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


def due(context: RunContext, scope: RunScope, patience: Patience) -> Iterator[SourceFile]:
    """Pending files, failed ones that are due, and those whose worker died: the oldest upload first, page by page."""
    last: ledger.DueFile | None = None
    while page := patience.through(partial(_due_page, context, scope, last)):
        yield from (each.file for each in page)
        last = page[-1]


def _due_page(context: RunContext, scope: RunScope, after: ledger.DueFile | None) -> list[ledger.DueFile]:
    with context.database.transaction() as connection:
        return ledger.due_files(
            connection, limit=DUE_PAGE, bucket=scope.bucket, prefix=scope.prefix, after=after
        )


def enter_recent(context: RunContext, scope: RunScope, may_go_on: MayGoOn) -> Iterator[Step]:
    """Everything uploaded before this call is in the ledger when it ends, unless `may_go_on` ended it.

    A listing that was broken off is gone on with; what came behind its cursor meanwhile is for the next.
    """
    while True:
        with context.database.transaction() as connection:
            listing = _open_recent(connection, context, scope)
        yield from _enter(context, listing, may_go_on)
        if listing.cursor is None or not may_go_on():
            return


def reconcile(context: RunContext, scope: RunScope, may_go_on: MayGoOn) -> Iterator[Step]:
    """Lists everything, once in RECONCILE_HOURS: a recent listing passes over some objects."""
    if scope.since is not None:
        return
    with context.database.transaction() as connection:
        listing = discovery.open_reconciliation(connection, _listed_scope(context, scope))
    if listing is not None:
        yield from _enter(context, listing, may_go_on)


def dry_run_steps(context: RunContext, scope: RunScope) -> Iterator[Step]:
    """What a pass would enter; it changes nothing."""
    objects, bucket, prefix = context.objects, scope.bucket, scope.prefix
    listed_scope = _listed_scope(context, scope)
    with context.database.transaction() as connection:
        now = ledger.current_time(connection)
        start = scope.since or discovery.start_of(connection, listed_scope)
        is_whole = scope.since is not None or discovery.is_reconciliation_due(connection, listed_scope)
        window = UploadWindow(start if is_whole else discovery.recent_from(connection, listed_scope), now)
    listed = (
        pages(objects, bucket, prefix)
        if is_whole
        else pages_since(objects, bucket, prefix, newer_than=window.newer_than)
    )
    entering = Entering.of(context.database, context.settings)
    return discovery.dry_run_steps(entering, bucket, window, listed, lambda: True)


def _open_recent(connection: Connection, context: RunContext, scope: RunScope) -> ledger.Listing:
    if scope.since is not None:
        return discovery.open_since(connection, scope.bucket, scope.prefix, scope.since)
    return discovery.open_recent_or_whole(connection, _listed_scope(context, scope))


def _enter(context: RunContext, listing: ledger.Listing, may_go_on: MayGoOn) -> Iterator[Step]:
    with context.database.transaction() as connection:
        window = discovery.window_of(connection, listing)
    entering = Entering.of(context.database, context.settings)
    return discovery.enter(entering, listing, window, context.objects, may_go_on)


def _listed_scope(context: RunContext, scope: RunScope) -> Scope:
    return Scope.of(context.settings, scope.bucket, scope.prefix, DefaultStart.EVERYTHING)
