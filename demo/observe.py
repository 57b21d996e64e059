"""What can be seen from outside: the ledger, the rows, the queue and the dead letters."""

from dataclasses import dataclass
from datetime import datetime

from demo.cloud import Cloud
from demo.deployment import Stack

from ingestor import notifications as notification
from ingestor.database import Database
from ingestor.errors import NotificationError

_FILES = """
SELECT s3_key, status, rows_loaded, rows_rejected, error, error_kind,
       (SELECT count(*) FROM file_events
        WHERE file_id = files.id AND event IN ('claimed', 'taken over')),
       (SELECT min(at) FROM file_events WHERE file_id = files.id AND event IN ('completed', 'failed'))
FROM files ORDER BY created_at, id
"""
_STORED = """
SELECT s3_key, count(logs.id), count(DISTINCT logs.id), count(DISTINCT logs.ordinal),
       (SELECT count(*) FROM rejected_entries WHERE file_id = files.id)
FROM files LEFT JOIN logs ON logs.file_id = files.id
GROUP BY files.id, s3_key
"""
_DEPTHS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True)
class FileState:
    """One file as the ledger tells it; `ended_at`: when it was first completed or given up."""

    key: str
    status: str
    rows: int
    rejected: int
    error: str | None
    error_kind: str | None
    attempts: int
    ended_at: datetime | None

    @property
    def is_settled(self) -> bool:
        return self.status == "COMPLETED" or (self.status == "FAILED" and self.error_kind == "permanent")


@dataclass(frozen=True, slots=True)
class Stored:
    """What the tables hold of one file, whatever the ledger says."""

    key: str
    rows: int
    distinct_ids: int
    distinct_ordinals: int
    rejected: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`keys`: of the objects that the message names; none: nobody understands it."""

    keys: tuple[str, ...]


def files(database: Database) -> dict[str, FileState]:
    """By key."""
    with database.transaction() as connection:
        return {row[0]: FileState(*row) for row in connection.execute(_FILES)}


def stored(database: Database) -> dict[str, Stored]:
    """By key."""
    with database.transaction() as connection:
        return {row[0]: Stored(*row) for row in connection.execute(_STORED)}


def waiting_messages(cloud: Cloud, queue_url: str) -> int:
    """Visible, in flight and delayed ones."""
    got = cloud.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(_DEPTHS))
    return sum(int(got["Attributes"][name]) for name in _DEPTHS)


def dead_letters(cloud: Cloud, stack: Stack) -> tuple[DeadLetter, ...]:
    """Looks without taking any out: they are visible again at once."""
    got = cloud.client("sqs").receive_message(
        QueueUrl=stack.dead_letter_queue_url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
    )
    return tuple(DeadLetter(_keys(message["Body"])) for message in got.get("Messages", []))


def _keys(body: str) -> tuple[str, ...]:
    try:
        return tuple(file.key for file in notification.parse(body))
    except NotificationError:
        return ()
