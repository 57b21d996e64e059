"""One file through outages of the database: the claim that an outage takes is given back when it is over."""

from functools import partial

from ingestor.deadline import Deadline
from ingestor.errors import DatabaseUnavailableError, ErrorKind
from ingestor.ingest import Failed, HeldElsewhere, Outcome, Worker, ingest
from ingestor.ingest.worker import give_back_abandoned
from ingestor.model.source_file import SourceFile
from ingestor.outage import Patience

MAX_OUTAGES = 10
"""Of one file's turn. A file that takes the database down each time must not do so for ever."""


def ingest_through_outages(
    file: SourceFile, worker: Worker, deadline: Deadline, patience: Patience
) -> Outcome:
    """As `ingest` does. Raises DatabaseUnavailableError when patience is at its end, and SchemaError."""
    outages = 0
    while True:
        try:
            outcome = ingest(file, worker, deadline)
        except DatabaseUnavailableError as error:
            outages += 1
            if outages > MAX_OUTAGES:
                raise
            patience.wait_out(error, partial(_give_back, worker))
        else:
            if outages and isinstance(outcome, HeldElsewhere):
                return claim_of_the_dead(file, worker.settings.lease_seconds)
            return outcome


def _give_back(worker: Worker) -> None:
    """Shows that the database answers as well."""
    with worker.database.transaction():
        pass
    give_back_abandoned(worker)


def claim_of_the_dead(file: SourceFile, lease_seconds: float) -> Failed:
    """A claim that nobody gives back: of a process that died, or one whose answer an outage swallowed."""
    error = f"{file.uri}: claimed by a process that died; free again within {lease_seconds:.0f} s"
    return Failed(ErrorKind.TRANSIENT, error, lease_seconds)
