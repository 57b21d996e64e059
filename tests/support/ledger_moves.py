"""One transition each, of the ledger's one file."""

from tests.support.ledger_steps import FILE

from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import ErrorKind
from ingestor.model.source_file import SourceFile

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
