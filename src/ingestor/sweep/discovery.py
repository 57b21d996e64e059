"""Second step: objects that nobody told us of are found by listing, entered, and sent.

recent, at each tick: what is newer than the newest log loaded
reconcile, daily: everything, for what that can't see
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ingestor import discovery, ledger
from ingestor.database import Connection
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.discovery import GRACE, Entering, Scope, Step, UploadWindow
from ingestor.errors import ServiceUnavailableError, SourceMissingError
from ingestor.notifications import continuation_message
from ingestor.sources import UnusableObject
from ingestor.sources.listing import pages_since
from ingestor.sweep.due import send_all
from ingestor.sweep.tools import SweepTools

RECENT_PAGES = 200
RECONCILE_PAGES = 20
"""Pages of 1,000 keys in a tick: at two minutes each, 14 million keys a day are reconciled, for 7 US cents."""

PAGE_SECONDS = 10
"""A page, or the sending of what is held: up to 300 calls to SQS."""

UNUSABLE_NAMED = 10
"""So many objects that can't be loaded are named; the log of a tick has its bounds."""


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


type _Open = Callable[[Connection, Scope], ledger.Listing | None]


def discover_objects(tools: SweepTools, deadline: Deadline) -> Discovery:
    """Raises ServiceUnavailableError naming each bucket that couldn't be listed; the others are done before that."""
    done = Discovery()
    troubles: dict[str, None] = {}
    for bucket in sorted(tools.settings.watched_buckets):
        for open_listing, most_pages in (
            (discovery.open_recent, RECENT_PAGES),
            (discovery.open_reconciliation, RECONCILE_PAGES),
        ):
            try:
                done += _list(tools, _scope(tools, bucket), open_listing, most_pages, deadline)
            except (SourceMissingError, ServiceUnavailableError) as error:
                troubles[str(error)] = None
    if troubles:
        raise ServiceUnavailableError("; ".join(troubles))
    return done


def dry_run_discovery(tools: SweepTools) -> Discovery:
    """What the recent listing would register if it began anew now; changes nothing."""
    done = Discovery()
    for bucket in sorted(tools.settings.watched_buckets):
        scope = _scope(tools, bucket)
        with tools.database.transaction() as connection:
            window = UploadWindow(
                discovery.recent_from(connection, scope), ledger.current_time(connection), GRACE
            )
        listed = pages_since(tools.objects, bucket, scope.prefix, newer_than=window.newer_than)
        for step in discovery.dry_run_steps(
            Entering.of(tools.database, tools.settings), bucket, window, listed, _is_allowed(UNLIMITED)
        ):
            done += _counted(step)
    return done


def _list(
    tools: SweepTools, scope: Scope, open_listing: _Open, most_pages: int, deadline: Deadline
) -> Discovery:
    with tools.database.transaction() as connection:
        listing = open_listing(connection, scope)
        if listing is None:
            return Discovery()
        window = discovery.window_of(connection, listing, GRACE)
    done, is_complete = Discovery(), False
    may_go_on = _is_allowed(deadline, most_pages)
    for step in discovery.enter(
        Entering.of(tools.database, tools.settings), listing, window, tools.objects, may_go_on
    ):
        # Entered before it is sent: a lost send is found again.
        send_all(tools, [continuation_message(file) for file in step.oldest_first])
        done += _counted(step)
        is_complete = step.is_last
    return replace(done, is_complete=is_complete)


def _scope(tools: SweepTools, bucket: str) -> Scope:
    start = discovery.DefaultStart.SCHEMA_CREATED
    return Scope.of(tools.settings, bucket, tools.settings.prefix, start)


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
