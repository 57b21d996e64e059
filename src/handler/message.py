"""One message of the queue: load every object it names, and decide whether it is done with."""

import time
from typing import TYPE_CHECKING, assert_never

from aws_lambda_powertools.metrics import MetricUnit

from handler.runtime import Runtime
from ingestor import notifications as notification
from ingestor.deadline import Deadline
from ingestor.errors import (
    DatabaseUnavailableError,
    ErrorKind,
    IngestorError,
    NotificationError,
    SchemaError,
    ServiceUnavailableError,
)
from ingestor.ingest import (
    AlreadyLoaded,
    Continued,
    Failed,
    HeldElsewhere,
    Loaded,
    Outcome,
    ingest,
)
from ingestor.model.source_file import SourceFile
from ingestor.queues import send_all
from ingestor.visible_text import harmless

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

OUTAGE_FIRST_SECONDS = 15
OUTAGE_CAP_SECONDS = 900
DEFAULT_RETRY_SECONDS = 30
SHOWN_FAILURES = 5


class UndoneMessageError(IngestorError):
    """Not all files of the message are settled: it must be delivered again."""


class MessageLoader:
    """Loads the messages of one invocation. After one of them met an outage, the others don't try again."""

    def __init__(self, runtime: Runtime, deadline: Deadline) -> None:
        self._runtime = runtime
        self._telemetry = runtime.telemetry
        self._deadline = deadline
        self._outage: IngestorError | None = None
        self._has_begun = False

    def load_message(self, record: "SQSRecord") -> None:
        """Returns when the message may be acknowledged; raises when it must come again, at the time set here."""
        try:
            self._load_files(record)
        except NotificationError as error:
            self._telemetry.logger.warning(
                "message not understood", message_id=record.message_id, error=str(error)
            )
            self._telemetry.count("MessagesNotUnderstood", 1)
            self._defer(record, 0)
            raise
        except (DatabaseUnavailableError, SchemaError):
            self._defer(record, _outage_seconds(_receive_count(record)))
            raise
        except UndoneMessageError:
            raise
        except Exception:  # nobody knows what this is: the message comes again, and its neighbours don't
            self._telemetry.logger.exception("unexpected failure", message_id=record.message_id)
            self._telemetry.count("FilesFailed", 1)
            self._defer(record, DEFAULT_RETRY_SECONDS)
            raise

    def _load_files(self, record: "SQSRecord") -> None:
        if self._outage is not None:
            raise self._outage
        settings = self._runtime.settings
        parsed = notification.parse_each(
            record.body, buckets=settings.watched_buckets, prefix=settings.prefix
        )
        failures = [failed for file in parsed.files if (failed := self._load_one(file)) is not None]
        if parsed.refusals:
            raise NotificationError(parsed.complaint)
        if failures:
            self._defer(record, _retry_seconds(failures))
            raise UndoneMessageError(_complaint(failures))

    def _load_one(self, file: SourceFile) -> Failed | None:
        """The file's failure; None when it no longer needs the message. Every line logged meanwhile names the file."""
        which = {"bucket": file.bucket, "key": file.key, "etag": file.etag, "version_id": file.version_id}
        with self._telemetry.logger.append_context_keys(**which):
            try:
                return self._load_file(file)
            except (DatabaseUnavailableError, SchemaError) as error:
                self._note_outage(error)
                raise

    def _load_file(self, file: SourceFile) -> Failed | None:
        began = time.monotonic()
        outcome = self._outcome(file)
        self._report(outcome, time.monotonic() - began)
        return outcome if isinstance(outcome, Failed) else None

    def _outcome(self, file: SourceFile) -> Outcome:
        """An unexpected exception is logged with its traceback, and fails this file alone."""
        try:
            return self._ingest(file)
        except (DatabaseUnavailableError, SchemaError):
            raise
        except IngestorError as error:
            return Failed(ErrorKind.TRANSIENT, str(error))
        except Exception as error:  # one file's, whatever it is: the others of the message go on
            self._telemetry.logger.exception("unexpected failure")
            return Failed(
                ErrorKind.TRANSIENT, harmless(f"{file.uri}: unexpected {type(error).__name__}: {error}")
            )

    def _ingest(self, file: SourceFile) -> Outcome:
        # The first file was given its time when the invocation began: each invocation moves a file on, or dies of it.
        if self._has_begun and self._deadline.is_near():
            outcome: Outcome = Continued(file, checkpoint=0)
        else:
            self._has_begun = True
            with self._telemetry.segment("file", bucket=file.bucket, key=file.key):
                outcome = ingest(file, self._runtime.worker, self._deadline)
        if isinstance(outcome, Continued):
            # Sent before the message is acknowledged: a lost send fails the message, which then goes on itself.
            send_all(self._runtime.queue, [notification.continuation_message(outcome.file)])
        return outcome

    def _report(self, outcome: Outcome, seconds: float) -> None:
        took = round(seconds, 3)
        logger, count = self._telemetry.logger, self._telemetry.count
        match outcome:
            case Loaded():
                self._report_loaded(outcome, seconds)
            case AlreadyLoaded(newer_skipped=newer_skipped):
                logger.info("already loaded", newer_skipped=newer_skipped, seconds=took)
                count("OverwritesSkipped", int(newer_skipped))
            case HeldElsewhere():
                logger.info("held by another worker", seconds=took)
            case Continued(checkpoint=checkpoint):
                logger.info("continued", checkpoint=checkpoint, seconds=took)
                count("FilesContinued", 1)
            case Failed(kind=kind, error=reason, retry_in_seconds=retry_in):
                logger.error("failed", kind=kind.value, error=reason, retry_in_seconds=retry_in, seconds=took)
                count("FilesFailed", 1)
            case _:
                assert_never(outcome)

    def _report_loaded(self, loaded: Loaded, seconds: float) -> None:
        """The seconds are this invocation's; the counts are the whole file's, where earlier ones had a part in it."""
        rows, rejected = loaded.rows_loaded, loaded.rows_rejected
        self._telemetry.logger.info(
            "loaded",
            rows=rows,
            rejected=rejected,
            dropped=loaded.rows_dropped,
            dropped_by_reason=dict(loaded.losses.dropped),
            unknown_fields=loaded.unknown_fields,
            bytes=loaded.bytes_loaded,
            seconds=round(seconds, 3),
            lag_seconds=loaded.lag_seconds,
        )
        for failure, entries in loaded.losses.failures.items():
            self._telemetry.logger.warning(
                "entries rejected by a processor", failure=failure, entries=entries
            )
        count = self._telemetry.count
        count("FilesLoaded", 1)
        count("RowsLoaded", rows)
        count("RowsRejected", rejected)
        count("DroppedEntries", loaded.rows_dropped)
        count("UnknownFields", loaded.unknown_fields)
        count("RejectedRatio", rejected / max(rows + rejected, 1))
        count("BytesLoaded", loaded.bytes_loaded, MetricUnit.Bytes)
        count("LoadSeconds", seconds, MetricUnit.Seconds)
        if loaded.lag_seconds is not None:
            # S3's clock and the database's are two.
            count("LagSeconds", max(loaded.lag_seconds, 0), MetricUnit.Seconds)

    def _note_outage(self, error: IngestorError) -> None:
        if self._outage is None:
            self._outage = error
            self._telemetry.logger.warning("no file can be loaded now", error=str(error))
            self._telemetry.count("DatabaseUnavailable", 1)

    def _defer(self, record: "SQSRecord", seconds: float) -> None:
        """A partial batch response switches off Lambda's own backoff, so the visibility is ours to set.

        If that can't be set, the message still fails, and comes again when the queue's own visibility time-out ends.
        """
        try:
            self._runtime.queue.defer(record.receipt_handle, seconds)
        except ServiceUnavailableError as error:
            self._telemetry.logger.warning(
                "visibility not set", message_id=record.message_id, error=str(error)
            )


def _complaint(failures: list[Failed]) -> str:
    """The first few failures: a message may name very many files, and each has its own line in the log."""
    more = len(failures) - SHOWN_FAILURES
    shown = [failed.error for failed in failures[:SHOWN_FAILURES]]
    return "; ".join([*shown, *([f"and {more:,} more"] if more > 0 else [])])


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
