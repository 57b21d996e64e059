"""JSON: objects in arrays, on lines, or one after another; each a row under the names that pino and its kin use.

    windows       bounded windows of uncompressed bytes; layout decides array, lines or multiline from the head
    entries       what is between the values, and for the values themselves
      fast, bulk      many at once, where the window's cut proves right
      values, scanner     one after another, exactly, resumable at any byte
    judge, repair one value: an entry, a repaired entry, or malformed
    batching      entries to batches

The sequence of entries (ordinal, bytes, offset, kind) is a function of the file's bytes alone, never of where reads,
windows, limits or time cut. Memory is a few windows, time is proportional to the bytes.
"""

from collections.abc import Callable, Iterator

from ingestor.formats import Position
from ingestor.formats.json.batches import batches
from ingestor.formats.json.mapping import JsonMapper
from ingestor.formats.limits import Limits
from ingestor.model.entry import Batch
from ingestor.model.rows import RowOrigin

__all__ = ["JsonFormat"]


class JsonFormat:
    """A `Format`."""

    name = "json"

    def batches(
        self,
        pieces: Iterator[bytes],
        limits: Limits,
        start: Position,
        time_is_up: Callable[[], bool],
        /,
    ) -> Iterator[Batch]:
        return batches(
            pieces,
            limits,
            checkpoint=start.entries,
            checkpoint_offset=start.offset,
            time_is_up=time_is_up,
        )

    def mapper(self, origin: RowOrigin, /) -> JsonMapper:
        return JsonMapper(origin)
