"""Third step: a dead letter whose files the ledger owns is not needed any more. Nothing is sent to the queue.

Each message is judged once in a pass. The ledger enters the files it didn't know, due at once, in a transaction of its
own. Only after that commit is the message deleted; a pass that dies in between leaves it for the next pass to delete.
Where a message names another version of an object than the ledger does, the store is asked what the key holds first:
a message that stays for a person must not have workers ask it again and again.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from ingestor import ledger
from ingestor.database import Database
from ingestor.deadline import Deadline
from ingestor.errors import NotificationError, ServiceUnavailableError
from ingestor.model.source_file import ObjectName, SourceFile
from ingestor.notifications import parse
from ingestor.queues import Queue, ReceivedMessage
from ingestor.settings import OnOverwrite, Settings
from ingestor.sources import Source
from ingestor.sweep.context import LOCK_TIMEOUT_SECONDS, SweepContext
from ingestor.sweep.owning import current_versions, own

HOLD_SECONDS = 900
"""Received messages stay hidden until the pass ends, so that those that stay don't come before the others again.

It is as long as a Lambda can live. A pass that dies leaves its messages hidden for so long."""

LONGEST_PASS_SECONDS = 600
_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """`settled` were deleted, `kept` wait for a person; `registered` files were new to the ledger.

    `is_complete`: each message that could be had was looked at.
    """

    seen: int = 0
    settled: int = 0
    kept: int = 0
    registered: int = 0
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message and what became of it. `why`: the reason why it stays, for a person; None: it is settled."""

    message_id: str
    sent_at: datetime
    files: tuple[SourceFile, ...]
    registered: int
    why: str | None


@dataclass(frozen=True, slots=True)
class DeadLetterContext:
    """What a pass over the dead letters works with.

    `only`: messages that name none of these files are left as they are. `dry_run`: nothing is changed.
    """

    database: Database
    objects: Source
    queue: Queue
    settings: Settings
    only: Collection[ObjectName] | None = None
    dry_run: bool = False

    @property
    def buckets(self) -> frozenset[str]:
        """Which ones a message may name: those of BUCKETS, else those of `only`."""
        return self.settings.watched_buckets or frozenset(name.bucket for name in self.only or ())

    @property
    def skip_newer(self) -> bool:
        return self.settings.on_overwrite is OnOverwrite.SKIP


def settle_dead_letters(context: SweepContext, deadline: Deadline) -> DeadLetters:
    """Raises DatabaseUnavailableError, before anything is received, and ServiceUnavailableError."""
    if context.dead_letters is None:
        return DeadLetters(is_complete=True)
    of_sweep = DeadLetterContext(context.database, context.objects, context.dead_letters, context.settings)
    return go_through(of_sweep, deadline, lambda _: None)


def go_through(
    context: DeadLetterContext, deadline: Deadline, report: Callable[[DeadLetter], None]
) -> DeadLetters:
    """`report` is called with each message once it is dealt with. Raises as `settle_dead_letters` does."""
    with context.database.transaction():
        pass  # While the database is away, the dead letters are best left alone.
    counts = Counter[str]()

    def counted(letter: DeadLetter) -> None:
        counts.update(seen=1, settled=int(letter.why is None), registered=letter.registered)
        report(letter)

    held: dict[str, str] = {}
    try:
        is_complete = _judge_each_once(context, deadline, held, counted)
    finally:
        _give_back(context.queue, held)
    return DeadLetters(
        seen=counts["seen"],
        settled=counts["settled"],
        kept=counts["seen"] - counts["settled"],
        registered=counts["registered"],
        is_complete=is_complete,
    )


def _judge_each_once(
    context: DeadLetterContext, deadline: Deadline, held: dict[str, str], report: Callable[[DeadLetter], None]
) -> bool:
    """`held` is left with the receipts of the messages that stay, by message id. False: stopped short of time."""
    seen: set[str] = set()
    longest = time.monotonic() + LONGEST_PASS_SECONDS
    while not deadline.is_near() and time.monotonic() < longest:
        messages = context.queue.receive(_AT_ONCE, HOLD_SECONDS)
        held.update((each.message_id, each.receipt_handle) for each in messages)
        new = [each for each in messages if each.message_id not in seen]
        seen.update(each.message_id for each in new)
        for message in new:
            letter = _judge(context, message)
            if letter is None:
                continue
            if letter.why is None and not context.dry_run:
                context.queue.acknowledge(message.receipt_handle)
                del held[message.message_id]
            report(letter)
        if not new or len(new) < len(messages):
            return True
    return False


def _give_back(queue: Queue, held: dict[str, str]) -> None:
    for receipt_handle in held.values():
        # Whatever can't be shown again now shows itself in HOLD_SECONDS.
        with suppress(ServiceUnavailableError):
            queue.defer(receipt_handle, 0)


def _judge(context: DeadLetterContext, message: ReceivedMessage) -> DeadLetter | None:
    """Settles one message as far as it can be; None: it names none of the files asked for."""
    try:
        files = parse(message.body, buckets=context.buckets, prefix=context.settings.prefix)
    except NotificationError as error:
        return None if context.only is not None else _letter(message, why=str(error))
    if context.only is not None and not any(file.name in context.only for file in files):
        return None
    if not files:
        return _letter(
            message, why="names no object to load: only deletions, empty objects or keys outside PREFIX"
        )
    try:
        registered = _registered(context, files)
    except ServiceUnavailableError as error:
        return _letter(message, files, why=f"could not be looked at: {error}")
    with context.database.transaction() as connection:
        known = [ledger.known_file(connection, file) for file in files]
    if context.dry_run:
        registered = sum(each is None for each in known)
    failed = [file.uri for file, row in zip(files, known, strict=True) if row and _needs_person(file, row)]
    why = f"failed permanently: {', '.join(failed)}" if failed else None
    return _letter(message, files, registered, why)


def _registered(context: DeadLetterContext, files: tuple[SourceFile, ...]) -> int:
    """Registers the files, and returns how many were new to the ledger. Raises ServiceUnavailableError."""
    if context.dry_run:
        return 0
    current = current_versions(context.database, context.objects, files, skip_newer=context.skip_newer)
    with context.database.transaction(lock_timeout=LOCK_TIMEOUT_SECONDS) as connection:
        return own(connection, files, current, skip_newer=context.skip_newer)


def _letter(
    message: ReceivedMessage,
    files: tuple[SourceFile, ...] = (),
    registered: int = 0,
    why: str | None = None,
) -> DeadLetter:
    return DeadLetter(message.message_id, message.sent_at, files, registered, why)


def _needs_person(file: SourceFile, row: ledger.KnownFile) -> bool:
    """Whether the file waits for a person. Another version of it is no failure yet, unless that killed its workers."""
    return row.failed_for_good and not row.is_ignored and file.etag in {row.etag, row.next_etag, None}
