"""Second step: discovery finds objects without a notification by listing, enters them in the ledger, and sends them.

recent, at each tick: objects newer than the newest log that is loaded
reconcile, daily: all objects, because a recent listing passes over some
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ingestor import discovery, ledger
from ingestor.database import Connection
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.discovery import GRACE, Entering, Scope, Step, UploadWindow
from ingestor.errors import ServiceUnavailableError, SourceMissingError
from ingestor.sources import UnusableObject
from ingestor.sources.listing import pages_since
from ingestor.sweep.context import SweepContext

RECENT_PAGES = 200
RECONCILE_PAGES = 20
"""Pages of 1,000 keys in a tick: at two minutes each, 14 million keys a day are reconciled, for 7 US cents."""

PAGE_SECONDS = 10
"""What a page may take, with the sending of its objects: up to 300 calls to SQS."""

UNUSABLE_NAMED = 10
"""At most so many objects that can't be loaded are named in the log of a tick."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """`listed`: objects seen. `registered` are new to the ledger. `sent` has those, and new versions of known keys.

    `unusable` objects can't be entered, for their keys; the first few are `unusable_objects`.
    """

    listed: int = 0
    registered: int = 0
    sent: int = 0
    list_requests: int = 0
    is_complete: bool = True
    unusable: int = 0
    unusable_objects: tuple[UnusableObject, ...] = ()

    def __add__(self, other: "Discovery") -> "Discovery":
        return Discovery(
            self.listed + other.listed,
            self.registered + other.registered,
            self.sent + other.sent,
            self.list_requests + other.list_requests,
            self.is_complete and other.is_complete,
            self.unusable + other.unusable,
            _first(self.unusable_objects + other.unusable_objects),
        )


type _OpenListing = Callable[[Connection, Scope], ledger.Listing | None]


def discover_objects(context: SweepContext, deadline: Deadline) -> Discovery:
    """Raises ServiceUnavailableError naming each bucket that couldn't be listed; the others are done before that."""
    done = Discovery()
    troubles: dict[str, None] = {}
    for bucket in sorted(context.settings.watched_buckets):
        for open_listing, most_pages in (
            (discovery.open_recent, RECENT_PAGES),
            (discovery.open_reconciliation, RECONCILE_PAGES),
        ):
            try:
                done += _list(context, _scope(context, bucket), open_listing, most_pages, deadline)
            except (SourceMissingError, ServiceUnavailableError) as error:
                troubles[str(error)] = None
    if troubles:
        raise ServiceUnavailableError("; ".join(troubles))
    return done


def dry_run_discovery(context: SweepContext) -> Discovery:
    """What the recent listing would register if it began anew now; changes nothing."""
    done = Discovery()
    for bucket in sorted(context.settings.watched_buckets):
        scope = _scope(context, bucket)
        with context.database.transaction() as connection:
            window = UploadWindow(
                discovery.recent_from(connection, scope), ledger.current_time(connection), GRACE
            )
        listed = pages_since(context.objects, bucket, scope.prefix, newer_than=window.newer_than)
        for step in discovery.dry_run_steps(
            Entering.of(context.database, context.settings), bucket, window, listed, _is_allowed(UNLIMITED)
        ):
            done += _counted(step)
    return done


def _list(
    context: SweepContext, scope: Scope, open_listing: _OpenListing, most_pages: int, deadline: Deadline
) -> Discovery:
    with context.database.transaction() as connection:
        listing = open_listing(connection, scope)
        if listing is None:
            return Discovery()
        window = discovery.window_of(connection, listing, GRACE)
    done, is_complete = Discovery(), False
    may_go_on = _is_allowed(deadline, most_pages)
    entering = Entering.of(context.database, context.settings)
    for step in discovery.enter_and_send(context, entering, listing, window, may_go_on):
        done += _counted(step)
        is_complete = step.is_last
    return replace(done, is_complete=is_complete)


def _scope(context: SweepContext, bucket: str) -> Scope:
    start = discovery.DefaultStart.SCHEMA_CREATED
    return Scope.of(context.settings, bucket, context.settings.prefix, start)


def _is_allowed(deadline: Deadline, most_pages: int | None = None) -> Callable[[], bool]:
    """Asked before each page."""
    numbers = itertools.count()

    def may_go_on() -> bool:
        return not deadline.is_near(PAGE_SECONDS) and (most_pages is None or next(numbers) < most_pages)

    return may_go_on


def _counted(step: Step) -> Discovery:
    return Discovery(
        listed=step.listed,
        registered=len(step.unknown),
        sent=len(step.unknown) + len(step.replaced),
        list_requests=step.list_requests,
        unusable=len(step.unusable),
        unusable_objects=_first(step.unusable),
    )


def _first(unusable: Sequence[UnusableObject]) -> tuple[UnusableObject, ...]:
    """The recent listing and the full one may both see an object."""
    return tuple(dict.fromkeys(unusable))[:UNUSABLE_NAMED]
