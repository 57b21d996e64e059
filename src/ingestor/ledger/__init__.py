"""The ledger, `processed_files`: who may load which object, and how far it is loaded.

`claim` decides who works, `checkpoint` moves the work on, `ending` gives a claim back, `replacement` takes another
version of the object. Every change writes its line of `file_events` in the same statement. `story` and `overview`
read for people.
"""

from ingestor.ledger.checkpoint import (
    Progress,
    Settlement,
    advance,
    complete,
    lock_file,
    moved,
    renew,
    settle,
)
from ingestor.ledger.claim import (
    AlreadyCompleted,
    AnotherVersion,
    Changed,
    Claim,
    ClaimAnswer,
    Connection,
    FailedPermanently,
    HeldByWorker,
    claim,
    evict_expired_worker,
)
from ingestor.ledger.ending import Ending, fail, release
from ingestor.ledger.overview import Lag, Overview, StateCount, Throughput, read_overview
from ingestor.ledger.replacement import adopt_version, claim_for_replacement, forget_announced_version
from ingestor.ledger.story import (
    FileEvent,
    FileRecord,
    RejectedEntry,
    Story,
    file_story,
    find_file,
    matching_files,
    rows_of_last_claim,
)

__all__ = [
    "AlreadyCompleted",
    "AnotherVersion",
    "Changed",
    "Claim",
    "ClaimAnswer",
    "Connection",
    "Ending",
    "FailedPermanently",
    "FileEvent",
    "FileRecord",
    "HeldByWorker",
    "Lag",
    "Overview",
    "Progress",
    "RejectedEntry",
    "Settlement",
    "StateCount",
    "Story",
    "Throughput",
    "adopt_version",
    "advance",
    "claim",
    "claim_for_replacement",
    "complete",
    "evict_expired_worker",
    "fail",
    "file_story",
    "find_file",
    "forget_announced_version",
    "lock_file",
    "matching_files",
    "moved",
    "read_overview",
    "release",
    "renew",
    "rows_of_last_claim",
    "settle",
]
