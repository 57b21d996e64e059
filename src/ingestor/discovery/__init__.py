"""Discovery finds objects by listing, without a notification, and enters them in the ledger before they are loaded.

`window` says how far back a listing looks. `known` compares the listed objects with the ledger. `steps` enters those
that are new, page by page. The sweeper, `run` and the backfill share all three.
"""

from ingestor.discovery.steps import (
    DiscoveryContext,
    Entering,
    MayGoOn,
    Step,
    dry_run_steps,
    enter,
    enter_and_send,
)
from ingestor.discovery.window import (
    GRACE,
    DefaultStart,
    Scope,
    UploadWindow,
    is_reconciliation_due,
    open_recent,
    open_recent_or_whole,
    open_reconciliation,
    open_since,
    recent_from,
    start_of,
    window_of,
)

__all__ = [
    "GRACE",
    "DefaultStart",
    "DiscoveryContext",
    "Entering",
    "MayGoOn",
    "Scope",
    "Step",
    "UploadWindow",
    "dry_run_steps",
    "enter",
    "enter_and_send",
    "is_reconciliation_due",
    "open_recent",
    "open_recent_or_whole",
    "open_reconciliation",
    "open_since",
    "recent_from",
    "start_of",
    "window_of",
]
