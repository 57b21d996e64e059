"""A backfill enters every object below a prefix in the ledger and the queue: also those older than the service."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ingestor import discovery, ledger
from ingestor.database import Database
from ingestor.deadline import UNLIMITED, Deadline
from ingestor.discovery import DiscoveryContext, Entering, Step, UploadWindow
from ingestor.model.source_file import SourceFile
from ingestor.settings import FROM_THE_BEGINNING, Settings
from ingestor.sources import Lister, UnusableObject
from ingestor.sources.listing import pages

DUE_SECONDS = 6 * 3600
"""When a file that nobody began is sent again. A backfill's messages wait for hours: sending them again sooner would
only lengthen the queue."""


@dataclass(frozen=True, slots=True)
class BackfillScope:
    """Objects of `bucket` whose keys begin with `prefix`, not older than `since`."""

    bucket: str
    prefix: str
    since: datetime = FROM_THE_BEGINNING


@dataclass(frozen=True, slots=True)
class Backfill:
    """What a backfill did: `objects` and their stored `bytes` were listed, the new ones were entered and sent.

    A dry run counts what it would enter. New are unknown keys, and known keys with other bytes if ON_OVERWRITE is
    replace. `resumed_after`: the last key of an earlier run that was stopped. `unusable` objects can't be entered,
    for their keys.
    """

    objects: int = 0
    bytes: int = 0
    new_objects: int = 0
    new_bytes: int = 0
    list_requests: int = 0
    resumed_after: str | None = None
    is_complete: bool = False
    unusable: tuple[UnusableObject, ...] = ()


type OnPage = Callable[[Backfill], None]


def backfill(
    context: DiscoveryContext, scope: BackfillScope, *, on_page: OnPage, deadline: Deadline = UNLIMITED
) -> Backfill:
    """Queues the objects of `scope`, from where an earlier run was stopped. It may run beside workers and sweepers.

    Raises SourceMissingError and ServiceUnavailableError. Called again, it goes on after the last page entered.
    """
    context.queue.depth()  # without a queue, nothing is entered
    with context.database.transaction() as connection:
        listing = discovery.open_since(connection, scope.bucket, scope.prefix, scope.since)
        window = discovery.window_of(connection, listing)
    entering = _entering(context.database, context.settings)
    sent = discovery.enter_and_send(context, entering, listing, window, _until(deadline))
    return _count(sent, Backfill(resumed_after=listing.cursor), on_page)


def dry_run_backfill(
    database: Database,
    objects: Lister,
    settings: Settings,
    scope: BackfillScope,
    *,
    on_page: OnPage,
    deadline: Deadline = UNLIMITED,
) -> Backfill:
    """What a backfill from the first key on would do. Changes nothing."""
    with database.transaction() as connection:
        window = UploadWindow(scope.since, ledger.current_time(connection))
    listed = pages(objects, scope.bucket, scope.prefix)
    looked = discovery.dry_run_steps(
        _entering(database, settings), scope.bucket, window, listed, _until(deadline)
    )
    return _count(looked, Backfill(), on_page)


def _count(steps: Iterator[Step], done: Backfill, on_page: OnPage) -> Backfill:
    for step in steps:
        new = step.oldest_first
        done = Backfill(
            objects=done.objects + len(step.in_window),
            bytes=done.bytes + _bytes(step.in_window),
            new_objects=done.new_objects + len(new),
            new_bytes=done.new_bytes + _bytes(new),
            list_requests=done.list_requests + step.list_requests,
            resumed_after=done.resumed_after,
            is_complete=step.is_last,
            unusable=(*done.unusable, *step.unusable),
        )
        on_page(done)
    return done


def _entering(database: Database, settings: Settings) -> Entering:
    return replace(Entering.of(database, settings), due_in_seconds=DUE_SECONDS, pages_a_step=1)


def _until(deadline: Deadline) -> Callable[[], bool]:
    return lambda: not deadline.is_near()


def _bytes(files: Sequence[SourceFile]) -> int:
    return sum(file.size_bytes or 0 for file in files)
