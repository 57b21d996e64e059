"""The ledger, `processed_files`: who may load which object, and how far it is loaded.

`claim` decides who works, `checkpoint` moves the work on, `ending` gives a claim back, `replacement` takes another
version of the object; `story` is for people. Every change writes its line of `file_events` in the same statement.
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
from ingestor.ledger.replacement import adopt_version, claim_for_replacement, forget_announced_version

__all__ = [
    "AlreadyCompleted",
    "AnotherVersion",
    "Changed",
    "Claim",
    "ClaimAnswer",
    "Connection",
    "Ending",
    "FailedPermanently",
    "HeldByWorker",
    "Progress",
    "Settlement",
    "adopt_version",
    "advance",
    "claim",
    "claim_for_replacement",
    "complete",
    "evict_expired_worker",
    "fail",
    "forget_announced_version",
    "lock_file",
    "moved",
    "release",
    "renew",
    "settle",
]
