"""Waits of minutes made seconds, in a worker's process: the suite has no hours to wait for a backoff.

Each of these only says when something is tried again; none has a part in what is written.
"""

import sys
from datetime import timedelta

WAITS: dict[str, object] = {
    "REQUEUE_SECONDS": 3,
    "BACKOFF_FIRST_SECONDS": 0.2,
    "BACKOFF_CAP_SECONDS": 2,
    "OUTAGE_FIRST_SECONDS": 1,
    "OUTAGE_CAP_SECONDS": 2,
    "DEFAULT_RETRY_SECONDS": 1,
    "HOLD_SECONDS": 3,
    "GRACE": timedelta(seconds=1),
}


def hurry() -> None:
    """Raises LookupError when the product has no such wait any more."""
    ours = [
        module for name, module in sys.modules.items() if name.partition(".")[0] in {"ingestor", "handler"}
    ]
    for name, wait in WAITS.items():
        holders = [module for module in ours if name in vars(module)]
        if not holders:
            raise LookupError(f"no module has {name}: is there a new name for this wait?")
        for module in holders:
            setattr(module, name, wait)
