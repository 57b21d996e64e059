"""Puts batches of entries into `logs`, `rejected_entries` and `raw_originals`, inside the caller's transaction."""

from ingestor.load.batch import FileRows, Loaded, copy_batch, unload

__all__ = ["FileRows", "Loaded", "copy_batch", "unload"]
