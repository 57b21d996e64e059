"""The lease of a claim renewed while its worker waits for one long statement, from a connection of its own.

Deleting the rows of an old version is one transaction, so that no reader sees a part of them; it can't renew its own
lease, and may take longer than that. The lease ends LEASE_SECONDS after the worker does, as any other claim's.
"""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from ingestor import ledger
from ingestor.database import Database
from ingestor.errors import ClaimLostError, DatabaseUnavailableError, TransactionFailedError


@contextmanager
def renewed_lease(
    database: Database, claim: ledger.Claim, *, lease_seconds: float, lock_timeout: float
) -> Iterator[None]:
    """Renews every third of the lease, until left. A short statement never sees the second connection."""
    done = threading.Event()
    own = Database(lambda: database.parameters, database.schema, deadline=database.deadline)

    def renew() -> None:
        with closing(own):
            while not done.wait(lease_seconds / 3):
                # Tried again while the lease lasts; after that the fence tells the worker.
                with (
                    suppress(DatabaseUnavailableError, TransactionFailedError),
                    own.transaction(lock_timeout=lock_timeout) as connection,
                ):
                    ledger.renew(connection, claim, lease_seconds=lease_seconds)

    def renew_until_lost() -> None:
        # Committed by the worker itself, or taken by another: either way there is nothing to renew.
        with suppress(ClaimLostError):
            renew()

    # A daemon: one that waits for a server which doesn't answer must not keep the process alive.
    thread = threading.Thread(target=renew_until_lost, name="lease-renewal", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(lock_timeout)
