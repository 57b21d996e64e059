"""The ledger, `processed_files`: who may load which object, and how far it is loaded.

`claim` gives a worker the right to load a file, `checkpoint` records its progress, `ending` gives the claim back.
`wear` fails a file that kills its workers. `after_load` remembers what is to be done to a loaded object. `announcement`
remembers that the object may have another version, `replacement` takes that version. `lock` ends the database session
of a stopped worker. `requeue` finds files that are due. `registration` enters listed objects, `listings` says how far
a listing is. `intervention` is what a person does. Every change writes its line of `file_events` in the same statement.
`history` and `overview` read for people.
"""

from ingestor.ledger.after_load import (
    AfterAction,
    AfterEnding,
    LoadedObject,
    begin_after_load,
    end_after_load,
    object_deleted_at,
)
from ingestor.ledger.announcement import announce_version, forget_announced_version
from ingestor.ledger.checkpoint import (
    Progress,
    Settlement,
    advance,
    complete,
    moved,
    renew,
    settle,
)
from ingestor.ledger.claim import (
    AlreadyCompleted,
    AnotherVersion,
    Changed,
    ClaimAnswer,
    FailedPermanently,
    HeldByWorker,
    claim,
)
from ingestor.ledger.ending import REQUEUE_SECONDS, Ending, fail, give_back, release, release_dead
from ingestor.ledger.gauges import LedgerGauges, read_ledger_gauges
from ingestor.ledger.history import (
    FileEvent,
    FileHistory,
    FileRecord,
    LoadedInput,
    RejectedEntry,
    file_history,
    find_file,
    matching_files,
    rows_of_last_claim,
    shorter_inputs,
)
from ingestor.ledger.intervention import (
    end_leases,
    failed_files,
    ignore,
    record_unloaded,
    reopen,
    rows_of_locked_file,
    start_over,
)
from ingestor.ledger.listings import (
    Listing,
    Purpose,
    begin_listing,
    current_time,
    move_listing,
    read_listing,
    reconciliation_starts,
)
from ingestor.ledger.lock import check_claim, evict_expired_worker, evict_expired_workers, lock_file
from ingestor.ledger.overview import Lag, Overview, StateCount, Throughput, read_overview
from ingestor.ledger.registration import (
    KnownFile,
    known_file,
    known_files,
    newest_log_time,
    register,
    schema_created_at,
)
from ingestor.ledger.replacement import adopt_version, claim_for_replacement, void_checkpoint
from ingestor.ledger.requeue import DueFile, RequeuedPage, due_files, requeue_due
from ingestor.ledger.rows import Claim

__all__ = [
    "REQUEUE_SECONDS",
    "AfterAction",
    "AfterEnding",
    "AlreadyCompleted",
    "AnotherVersion",
    "Changed",
    "Claim",
    "ClaimAnswer",
    "DueFile",
    "Ending",
    "FailedPermanently",
    "FileEvent",
    "FileHistory",
    "FileRecord",
    "HeldByWorker",
    "KnownFile",
    "Lag",
    "LedgerGauges",
    "Listing",
    "LoadedInput",
    "LoadedObject",
    "Overview",
    "Progress",
    "Purpose",
    "RejectedEntry",
    "RequeuedPage",
    "Settlement",
    "StateCount",
    "Throughput",
    "adopt_version",
    "advance",
    "announce_version",
    "begin_after_load",
    "begin_listing",
    "check_claim",
    "claim",
    "claim_for_replacement",
    "complete",
    "current_time",
    "due_files",
    "end_after_load",
    "end_leases",
    "evict_expired_worker",
    "evict_expired_workers",
    "fail",
    "failed_files",
    "file_history",
    "find_file",
    "forget_announced_version",
    "give_back",
    "ignore",
    "known_file",
    "known_files",
    "lock_file",
    "matching_files",
    "move_listing",
    "moved",
    "newest_log_time",
    "object_deleted_at",
    "read_ledger_gauges",
    "read_listing",
    "read_overview",
    "reconciliation_starts",
    "record_unloaded",
    "register",
    "release",
    "release_dead",
    "renew",
    "reopen",
    "requeue_due",
    "rows_of_last_claim",
    "rows_of_locked_file",
    "schema_created_at",
    "settle",
    "shorter_inputs",
    "start_over",
    "void_checkpoint",
]
