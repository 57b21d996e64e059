"""Every failure the service knows, as one tree; its two kinds decide a file's fate.

IngestorError
|-- ConfigurationError          bad settings: said all at once, before anything is touched
|-- NotificationError           a message nobody can understand: it goes to the dead letters
|-- QueryError                  a person's own SQL failed
|-- SchemaError                 a migration is missing: the batch fails, no file is marked
|-- ClaimLostError              another worker owns the file now: write nothing
|-- ObjectSupersededError       the pinned version is gone or overwritten: promote the current one
|-- TransientError              retried for as long as it takes
|   |-- DatabaseUnavailableError    ... and every other file of the batch would fail the same way
|   |-- TransactionFailedError      one transaction was refused and is rolled back; others need not be
|   |   |-- LockTimeoutError            somebody else works there just now
|   |   |-- TransactionTimeoutError     it took longer than it may
|   |   |-- TransactionInterruptedError a deadlock, a month moved meanwhile: the same again passes
|   |   `-- DuplicateRowError           a row with this key is there already
|   `-- ServiceUnavailableError     AWS throttled, reset, timed out or refused access: SQS, Lambda, Scheduler …
|       |-- SourceUnavailableError      ... a store did so, while an object or a listing was read
|       `-- OutOfTimeError              ... or is not asked: the function ends before it could answer
`-- PermanentError              FAILED until a person's `retry` or a new version of the object
    |-- SourceMissingError          no such key
    |-- UnreadableError             not the format; truncated or corrupt compression; unbalanced JSON
    |-- TooManyRejectsError         past MAX_REJECT_RATIO
    |-- PipelineConflictError       two configurations load one file in turn
    |-- ForeignRowsError            rows with this file's ids are in logs, and belong to another file
    `-- WornOutError                MAX_ATTEMPTS workers died at the same checkpoint
"""

from enum import StrEnum

from ingestor.visible_text import harmless, visible_lines, without_secrets


class ErrorKind(StrEnum):
    """What `processed_files.error_kind` holds."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"


class IngestorError(Exception):
    """Base of all failures this package raises on purpose.

    Its text is one line, and harmless wherever it is shown: keys and answers of others stand in it.
    """

    def __str__(self) -> str:
        return harmless(super().__str__())


class ConfigurationError(IngestorError):
    """Holds nobody's text but ours, and has a line for each mistake."""

    def __str__(self) -> str:
        return visible_lines(without_secrets(Exception.__str__(self)))


class NotificationError(IngestorError):
    pass


class QueryError(IngestorError):
    """Has PostgreSQL's own lines, which point at the mistake."""

    def __str__(self) -> str:
        return visible_lines(without_secrets(Exception.__str__(self)))


class SchemaError(IngestorError):
    pass


class ClaimLostError(IngestorError):
    pass


class ObjectSupersededError(IngestorError):
    pass


class TransientError(IngestorError):
    kind = ErrorKind.TRANSIENT


class DatabaseUnavailableError(TransientError):
    pass


class LoginRefusedError(DatabaseUnavailableError):
    """A server is there and doesn't let us in: rather a mistake in DB_* than an outage, but a rotation may mend it."""


class TransactionFailedError(TransientError):
    pass


class LockTimeoutError(TransactionFailedError):
    pass


class TransactionTimeoutError(TransactionFailedError):
    pass


class TransactionInterruptedError(TransactionFailedError):
    pass


class DuplicateRowError(TransactionFailedError):
    pass


class ServiceUnavailableError(TransientError):
    pass


class SourceUnavailableError(ServiceUnavailableError):
    pass


class OutOfTimeError(ServiceUnavailableError):
    pass


class PermanentError(IngestorError):
    kind = ErrorKind.PERMANENT


class SourceMissingError(PermanentError):
    pass


class UnreadableError(PermanentError):
    pass


class TooManyRejectsError(PermanentError):
    pass


class PipelineConflictError(PermanentError):
    pass


class ForeignRowsError(PermanentError):
    pass


class WornOutError(PermanentError):
    pass
