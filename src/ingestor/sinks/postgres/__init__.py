"""Puts batches of entries into `logs`, `rejected_entries` and `raw_originals`, inside the caller's transaction."""

from ingestor.sinks.postgres.batch import CopiedBatch, copy_batch, unload
from ingestor.sinks.postgres.first_rejected import FirstRejected, first_rejected

__all__ = ["CopiedBatch", "FirstRejected", "copy_batch", "first_rejected", "unload"]
