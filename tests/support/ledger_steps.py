"""Short words for what ledger tests do over and over."""

from datetime import UTC, datetime

from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import ErrorKind
from ingestor.model.source_file import SourceFile

FILE = SourceFile("logs", "2026/11/23/app.json.gz", "e1", None, 10, datetime(2026, 11, 23, tzinfo=UTC))


def claimed(database: Database, file: SourceFile = FILE, *, lease_seconds: float = 60) -> ledger.Claim:
    with database.transaction() as connection:
        answer = ledger.claim(connection, file, lease_seconds=lease_seconds, max_attempts=5, skip_newer=True)
    assert isinstance(answer, ledger.Claim), answer
    return answer


def failed(
    database: Database, file: SourceFile = FILE, kind: ErrorKind = ErrorKind.TRANSIENT
) -> ledger.Claim:
    claim = claimed(database, file)
    with database.transaction() as connection:
        ledger.fail(connection, claim, kind, "S3 said no")
    return claim


def completed(
    database: Database, file: SourceFile = FILE, *, last_log_at: datetime | None = None, rows: int = 1
) -> ledger.Claim:
    claim = claimed(database, file)
    progress = ledger.Progress(rows, 0, 10, last_log_at, last_log_at)
    with database.transaction() as connection:
        ledger.complete(connection, claim, progress, skip_newer=True)
    return claim


def released(database: Database, file: SourceFile = FILE) -> ledger.Claim:
    claim = claimed(database, file)
    with database.transaction() as connection:
        ledger.release(connection, claim, progressed=True)
    return claim


def all_due(database: Database) -> None:
    """As if every clock that runs had run out a second ago."""
    with database.transaction() as connection:
        connection.execute("""
            UPDATE processed_files SET
                lease_expires_at = lease_expires_at - (lease_expires_at - clock_timestamp()) - interval '1 s',
                next_attempt_at = next_attempt_at - (next_attempt_at - clock_timestamp()) - interval '1 s'""")


def states(database: Database) -> dict[str, str]:
    """The state of each file by its key."""
    with database.transaction() as connection:
        rows = connection.execute("SELECT s3_key, status FROM processed_files ORDER BY id").fetchall()
    return {str(key): str(status) for key, status in rows}


def events(database: Database) -> list[str]:
    with database.transaction() as connection:
        return [event for (event,) in connection.execute("SELECT event FROM file_events ORDER BY id")]
