"""Stored bytes to entries, streamed: the second step of the data's path.

    compression   gzip by its magic number, within gzip as well, else plain
    head          what is no log is refused whole; signatures say what it is
    windows       bounded windows of uncompressed bytes; layout decides array, lines or multiline from the head
    entries       what is between the values, and for the values themselves
      fast, bulk      many at once, where the window's cut proves right
      values, scanner     one after another, exactly, resumable at any byte
    judge, repair one value: an entry, a repaired entry, or malformed
    batching      entries to batches

The sequence of entries (ordinal, bytes, offset, kind) is a function of the file's bytes alone, never of where reads,
windows, limits or time cut. Memory is a few windows, time is proportional to the bytes.
"""

from ingestor.formats.excerpt import excerpt
from ingestor.formats.json.batches import batches
from ingestor.formats.limits import Limits

__all__ = ["Limits", "batches", "excerpt"]
