"""Messages of the commands that reopen a file. They are sent after the commit: the sweeper repeats a lost one."""

from collections.abc import Sequence

from ingestor import bootstrap
from ingestor.cli.support.context import command_context
from ingestor.cli.support.terminal import counted, say
from ingestor.database import Database
from ingestor.errors import IngestorError, ServiceUnavailableError
from ingestor.ledger import FileRecord
from ingestor.model.source_file import SourceFile
from ingestor.notifications import continuation_message
from ingestor.settings import Settings
from ingestor.sweep.dead_letters import DeadLetterContext, go_through

LOCK_TIMEOUT_SECONDS = 10.0
"""How long a command waits for a worker's chunk."""


def foreign(settings: Settings, file: FileRecord) -> str | None:
    """The reason why the service would refuse the file's messages; None where it wouldn't."""
    watched = settings.watched_buckets
    if not watched or file.is_local or file.bucket in watched:
        return None
    return f"bucket {file.bucket!r} is not in BUCKETS ({', '.join(sorted(watched))})"


def refuse_foreign(settings: Settings, file: FileRecord) -> None:
    """Raises IngestorError."""
    why = foreign(settings, file)
    if why is not None:
        raise IngestorError(f"{file.uri}: {why}")


def source_file(file: FileRecord) -> SourceFile:
    return file.file


def send_on(settings: Settings, files: Sequence[SourceFile]) -> bool:
    """Sends the files to the queue. False: no QUEUE_URL is set, or there is nothing to send.

    Raises ServiceUnavailableError, which says that nothing is lost.
    """
    messages = [continuation_message(file) for file in files if not file.is_local]
    if settings.queue_url is None or not messages:
        return False
    still = f"up to {counted(len(messages), 'file')} not queued; the sweeper queues them within 15 minutes"
    try:
        refused = bootstrap.queue(settings).send(messages)
    except ServiceUnavailableError as error:
        raise ServiceUnavailableError(f"{error}; {still}") from error
    if refused:
        raise ServiceUnavailableError(
            f"{settings.queue_url}: refused {len(refused)} of {len(messages)} messages; {still}"
        )
    return True


def remove_dead_letters(database: Database, settings: Settings, files: Sequence[SourceFile]) -> int | None:
    """Deletes the dead letters of these files that are no longer needed, and returns how many.

    None: no DLQ_URL is set. Raises ServiceUnavailableError.
    """
    if settings.dlq_url is None:
        return None
    queue = bootstrap.dead_letter_queue(settings)
    if queue is None or not files:
        return 0
    only = frozenset(file.name for file in files)
    context = DeadLetterContext(database, bootstrap.store(settings), queue, settings, only=only)
    return go_through(context, command_context().deadline, lambda _: None).settled


def say_what_is_missing(settings: Settings, *, sent: bool, has_objects: bool) -> None:
    """Says on standard error what was left out because a variable is unset."""
    if has_objects and not sent and settings.queue_url is None:
        say(
            "QUEUE_URL is not set, so nothing was queued; `ingestor run` or the sweeper finds it in the ledger"
        )
    if settings.dlq_url is None:
        say("DLQ_URL is not set, so dead letters were not checked; the sweeper settles them")
