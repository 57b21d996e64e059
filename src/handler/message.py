"""One message of the queue: load every object it names, and decide whether it is done with."""

from typing import TYPE_CHECKING, Any, assert_never

from handler.runtime import Runtime
from ingestor import notification
from ingestor.deadline import Deadline
from ingestor.errors import (
    DatabaseUnavailableError,
    ErrorKind,
    IngestorError,
    NotificationError,
    SchemaError,
    SourceUnavailableError,
)
from ingestor.ingest import (
    AlreadyLoaded,
    Failed,
    HandedOn,
    HeldElsewhere,
    Loaded,
    Outcome,
    ingest,
)
from ingestor.source_file import SourceFile

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

OUTAGE_FIRST_SECONDS = 15
OUTAGE_CAP_SECONDS = 900
DEFAULT_RETRY_SECONDS = 30


class UndoneMessageError(IngestorError):
    """Not all files of the message are settled: it must be delivered again."""


class MessageLoader:
    """Lives for one invocation: an outage met by one message spares the others the attempt."""

    def __init__(self, runtime: Runtime, deadline: Deadline) -> None:
        self._runtime = runtime
        self._deadline = deadline
        self._outage: IngestorError | None = None

    def load_message(self, record: "SQSRecord") -> None:
        """Returns: acknowledge the message. Raises: deliver it again, at the time set here."""
        try:
            if self._outage is not None:
                raise self._outage
            self._load_files(record)
        except NotificationError as error:
            self._runtime.logger.warning(
                "message not understood", message_id=record.message_id, error=str(error)
            )
            self._runtime.count("MessagesNotUnderstood", 1)
            self._defer(record, 0)
            raise
        except (DatabaseUnavailableError, SchemaError) as error:
            self._note_outage(error)
            self._defer(record, _outage_seconds(_receive_count(record)))
            raise

    def _load_files(self, record: "SQSRecord") -> None:
        settings = self._runtime.settings
        files = notification.parse(record.body, buckets=settings.watched_buckets, prefix=settings.prefix)
        failures = [failed for file in files if (failed := self._load_file(file)) is not None]
        if failures:
            self._defer(record, _retry_seconds(failures))
            raise UndoneMessageError("; ".join(failed.error for failed in failures))

    def _load_file(self, file: SourceFile) -> Failed | None:
        """None: the message is not needed for this file any more."""
        if self._deadline.is_near():
            outcome: Outcome = HandedOn(file, checkpoint=0)
        else:
            with self._runtime.segment("file"):
                outcome = ingest(file, self._runtime.worker, self._deadline)
        if isinstance(outcome, HandedOn):
            # Sent before the message is acknowledged: a lost send fails the message, which then goes on itself.
            self._runtime.queue.send(notification.hand_on_message(outcome.file))
        self._tell(file, outcome)
        return outcome if isinstance(outcome, Failed) else None

    def _tell(self, file: SourceFile, outcome: Outcome) -> None:
        say: dict[str, Any] = {"bucket": file.bucket, "key": file.key, "etag": file.etag}
        logger, count = self._runtime.logger, self._runtime.count
        match outcome:
            case Loaded(rows_loaded=rows, rows_rejected=rejected):
                logger.info("loaded", rows=rows, rejected=rejected, **say)
                count("FilesLoaded", 1)
                count("RowsLoaded", rows)
                count("RowsRejected", rejected)
                count("RejectedRatio", rejected / max(rows + rejected, 1))
            case AlreadyLoaded(newer_skipped=newer_skipped):
                logger.info("already loaded", newer_skipped=newer_skipped, **say)
                count("OverwritesSkipped", int(newer_skipped))
            case HeldElsewhere():
                logger.info("held by another worker", **say)
            case HandedOn(checkpoint=checkpoint):
                logger.info("handed on", checkpoint=checkpoint, **say)
                count("FilesHandedOn", 1)
            case Failed(kind=kind, error=reason, retry_in_seconds=retry_in):
                logger.error("failed", kind=kind.value, error=reason, retry_in_seconds=retry_in, **say)
                count("FilesFailed", 1)
            case _:
                assert_never(outcome)

    def _note_outage(self, error: IngestorError) -> None:
        if self._outage is None:
            self._outage = error
            self._runtime.logger.warning("no file can be loaded now", error=str(error))
            self._runtime.count("DatabaseUnavailable", 1)

    def _defer(self, record: "SQSRecord", seconds: float) -> None:
        """A partial batch response switches off Lambda's own backoff, so the visibility is ours to set.

        Where that fails the message still does, and comes back when the queue's own time-out ends.
        """
        try:
            self._runtime.queue.defer(record.receipt_handle, seconds)
        except SourceUnavailableError as error:
            self._runtime.logger.warning("visibility not set", message_id=record.message_id, error=str(error))


def _retry_seconds(failures: list[Failed]) -> float:
    """Zero when only permanent failures are left, so that the dead letters and their alarm see them soon."""
    transient = [failed for failed in failures if failed.kind is ErrorKind.TRANSIENT]
    if not transient:
        return 0
    return min(
        DEFAULT_RETRY_SECONDS if failed.retry_in_seconds is None else failed.retry_in_seconds
        for failed in transient
    )


def _receive_count(record: "SQSRecord") -> int:
    return int(record.attributes.approximate_receive_count or 1)


def _outage_seconds(receive_count: int) -> float:
    return float(min(OUTAGE_FIRST_SECONDS * 2 ** (receive_count - 1), OUTAGE_CAP_SECONDS))
