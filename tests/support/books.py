"""A ledger with files in every state."""

from datetime import UTC, datetime, timedelta

from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import ErrorKind
from ingestor.model.source_file import LOCAL_BUCKET, SourceFile, Store

UPLOADED = datetime.now(UTC) - timedelta(minutes=1)


class Ledger:
    """Brings files into the states that a person may ask about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, key: str, *, bucket: str = "my-logs", lease: float = 120) -> ledger.Claim:
        store = Store.FILE if bucket == LOCAL_BUCKET else Store.S3
        file = SourceFile(bucket, key, "one", size_bytes=1000, uploaded_at=UPLOADED, store=store)
        with self._database.transaction() as connection:
            claim = ledger.claim(connection, file, lease_seconds=lease, max_attempts=5, skip_newer=True)
        assert isinstance(claim, ledger.Claim)
        return claim

    def advance(self, claim: ledger.Claim, rows: int, *, lease: float = 120) -> ledger.Claim:
        progress = ledger.Progress(rows, 0, 100 * rows, UPLOADED, UPLOADED)
        with self._database.transaction() as connection:
            ledger.advance(connection, claim, progress, lease_seconds=lease)
        return ledger.moved(claim, progress)

    def complete(self, claim: ledger.Claim, rows: int, rejected: int = 0) -> None:
        with self._database.transaction() as connection:
            progress = ledger.Progress(rows, rejected, 100 * rows, UPLOADED, UPLOADED)
            ledger.complete(connection, claim, progress, skip_newer=True)

    def release(self, claim: ledger.Claim) -> None:
        with self._database.transaction() as connection:
            ledger.release(connection, claim, progressed=True)

    def start_over(self, key: str, *, bucket: str = "my-logs") -> None:
        with self._database.transaction() as connection:
            file = ledger.find_file(connection, bucket, key)
            assert file is not None
            assert ledger.start_over(connection, file.id) is not None

    def watch(self, bucket: str) -> None:
        """As a tick of the sweeper does."""
        with self._database.transaction() as connection:
            ledger.begin_listing(connection, bucket, "", ledger.Purpose.RECENT, newer_than=None)

    def fail(self, claim: ledger.Claim, kind: ErrorKind, error: str) -> None:
        with self._database.transaction() as connection:
            ledger.fail(connection, claim, kind, error)


def one_file_in_each_state(books: Ledger) -> None:
    books.complete(books.claim("completed.gz"), 7, 2)
    books.release(books.advance(books.claim("released.gz"), 40))
    books.claim("held.gz")
    books.advance(books.claim("expired.gz"), 30, lease=-60)
    books.fail(books.claim("throttled.gz"), ErrorKind.TRANSIENT, "S3 said SlowDown")
    books.fail(books.claim("cut.gz"), ErrorKind.PERMANENT, "truncated: ends early, at byte 31770")
    books.fail(books.claim("/logs/local.gz", bucket=LOCAL_BUCKET), ErrorKind.TRANSIENT, "disk error")
