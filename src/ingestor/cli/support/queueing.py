"""What the commands that put a file back share: it is committed by then, so a lost send is found by the sweeper."""

from collections.abc import Sequence

from ingestor.cli.support.surroundings import surroundings
from ingestor.cli.support.terminal import counted, say
from ingestor.database import Database
from ingestor.errors import IngestorError, SourceUnavailableError
from ingestor.ledger import FileRecord
from ingestor.model.source_file import SourceFile
from ingestor.notifications import hand_on_message
from ingestor.settings import Settings

LOCK_TIMEOUT_SECONDS = 10.0
"""How long a command waits for a worker's chunk."""


def foreign(settings: Settings, file: FileRecord) -> str | None:
    """Why the service would refuse this file's messages; None: it wouldn't."""
    watched = settings.watched_buckets
    if not watched or file.is_local or file.bucket in watched:
        return None
    return f"bucket {file.bucket!r} is none of BUCKETS ({', '.join(sorted(watched))})"


def refuse_foreign(settings: Settings, file: FileRecord) -> None:
    """Raises IngestorError."""
    why = foreign(settings, file)
    if why is not None:
        raise IngestorError(f"{file.uri}: {why}")


def source_file(file: FileRecord) -> SourceFile:
    return SourceFile(file.bucket, file.s3_key, file.etag, file.version_id, file.size_bytes, file.event_time)


def send_on(settings: Settings, files: Sequence[SourceFile]) -> bool:
    """False: no QUEUE_URL is set, or there is nothing to send.

    Raises SourceUnavailableError, which says that nothing is lost.
    """
    messages = [hand_on_message(file) for file in files if not file.is_local]
    if settings.queue_url is None or not messages:
        return False
    from ingestor import bootstrap  # noqa: PLC0415 - boto3 takes a fifth of a second

    still = f"{counted(len(messages), 'file')} may not have been sent; the sweeper sends what wasn't within 15 minutes"
    try:
        refused = bootstrap.sqs_queue(settings).send_all(messages)
    except SourceUnavailableError as error:
        raise SourceUnavailableError(f"{error}; {still}") from error
    if refused:
        raise SourceUnavailableError(
            f"{settings.queue_url}: refused {len(refused)} of {len(messages)} messages; {still}"
        )
    return True


def remove_dead_letters(database: Database, settings: Settings, files: Sequence[SourceFile]) -> int | None:
    """Messages that name one of these files and that nobody needs any more; how many were deleted.

    None: no DLQ_URL is set. Raises SourceUnavailableError.
    """
    if settings.dlq_url is None:
        return None
    from ingestor import bootstrap  # noqa: PLC0415 - boto3 takes a fifth of a second
    from ingestor.sweep.dead_letters import Look, go_through  # noqa: PLC0415 - the same

    queue = bootstrap.dead_letter_queue(settings)
    if queue is None or not files:
        return 0
    only = frozenset((file.bucket, file.key) for file in files)
    look = Look(database, bootstrap.s3_objects(settings), queue, settings, only=only)
    return go_through(look, surroundings().deadline, lambda _: None).settled


def say_what_is_missing(settings: Settings, *, sent: bool, has_objects: bool) -> None:
    """Each on standard error: what nobody has done because a variable is unset."""
    if has_objects and not sent and settings.queue_url is None:
        say(
            "QUEUE_URL is not set, so nothing was sent: `ingestor run`, or the sweeper, takes it from the ledger"
        )
    if settings.dlq_url is None:
        say("DLQ_URL is not set, so the dead letters were not looked at: the sweeper settles them")
