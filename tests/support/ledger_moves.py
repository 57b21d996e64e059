"""One transition each, of the ledger's one file."""

from datetime import UTC, datetime

from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import ErrorKind
from ingestor.model.source_file import SourceFile

FILE = SourceFile(
    bucket="logs",
    key="2026/11/23/app.json.gz",
    etag="e1",
    size_bytes=10,
    event_time=datetime(2026, 11, 23, tzinfo=UTC),
)
NOTHING = ledger.Progress(rows=0, rejected=0, end_offset=0, first_log_at=None, last_log_at=None)
CHUNK = ledger.Progress(rows=3, rejected=1, end_offset=400, first_log_at=None, last_log_at=None)


def ask(
    database: Database,
    file: SourceFile = FILE,
    *,
    lease_seconds: float = 60,
    max_attempts: int = 5,
    skip_newer: bool = True,
) -> ledger.ClaimAnswer:
    with database.transaction() as connection:
        return ledger.claim(
            connection, file, lease_seconds=lease_seconds, max_attempts=max_attempts, skip_newer=skip_newer
        )


def claimed(database: Database, file: SourceFile = FILE, *, lease_seconds: float = 60) -> ledger.Claim:
    answer = ask(database, file, lease_seconds=lease_seconds)
    assert isinstance(answer, ledger.Claim)
    return answer


def expire_lease(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(
            "UPDATE processed_files SET lease_expires_at = clock_timestamp() - interval '1 second'"
        )


def row(database: Database, columns: str) -> tuple[object, ...]:
    with database.transaction() as connection:
        found = connection.execute(f"SELECT {columns} FROM processed_files").fetchone()  # noqa: S608 - the test's own words
    assert found is not None
    return found


def events(database: Database) -> list[str]:
    with database.transaction() as connection:
        return [event for (event,) in connection.execute("SELECT event FROM file_events ORDER BY id")]


def complete(database: Database, claim: ledger.Claim, *, skip_newer: bool = True) -> bool:
    with database.transaction() as connection:
        return ledger.complete(connection, claim, CHUNK, skip_newer=skip_newer).newer_waits


def fail(database: Database, claim: ledger.Claim, kind: ErrorKind = ErrorKind.TRANSIENT) -> ledger.Ending:
    with database.transaction() as connection:
        return ledger.fail(connection, claim, kind, "S3 said no")


def advance(database: Database, claim: ledger.Claim, progress: ledger.Progress = CHUNK) -> ledger.Claim:
    with database.transaction() as connection:
        ledger.advance(connection, claim, progress, lease_seconds=60)
    return ledger.moved(claim, progress)
