"""JSON: objects in arrays, on lines, or one after another; each a row under the names that pino and others use.

    windows       bounded windows of uncompressed bytes; layout decides array, lines or multiline from the head
    entries       what is between the values, and for the values themselves
      fast, bulk      many at once, where the window's cut proves right
      values, scanner     one after another, exactly, resumable at any byte
    judge         one value: an entry, a repaired entry, or malformed
    batching      entries to batches
    mapping       entries to rows: pino's names fast (fields), other loggers' (kinds), an entry within one (envelopes)
    expand        objects whose inner array holds the entries, as CloudTrail writes them
      cursor, elements, holding     their bytes piece by piece, the array's elements, what is said of these
    heads         what a file's first bytes say, for recognising these
    names, by_name      any names, for each column an ordered list: what other formats of JSON are made of

The sequence of entries (ordinal, bytes, offset, kind) is a function of the file's bytes alone, never of where reads,
windows, limits or time cut. Memory is a few windows, time is proportional to the bytes.
"""

from collections.abc import Callable, Iterator

from ingestor.formats import Position
from ingestor.formats.json.batches import batches
from ingestor.formats.json.by_name import OPTIONS, own_first
from ingestor.formats.json.kinds import NAMES
from ingestor.formats.json.mapping import JsonMapper
from ingestor.formats.json.names import ColumnNames
from ingestor.formats.known import FormatOptions, KnownFormat, never, refuse_useless
from ingestor.formats.limits import Limits
from ingestor.model.entry import Batch
from ingestor.model.rows import RowOrigin

__all__ = ["KNOWN", "JsonFormat"]


class JsonFormat:
    """A `Format`. `own` are the names that a rule puts before all others: every entry is looked at for them."""

    name = "json"

    def __init__(self, own: ColumnNames | None = None) -> None:
        self._own = own

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
        return JsonMapper(origin, self._own)


def make(options: FormatOptions) -> JsonFormat:
    refuse_useless("json", options, *OPTIONS)
    return JsonFormat(own_first(options, NAMES))


KNOWN = KnownFormat("json", make, never)
"""No other format recognises what is this one's: it is the last resort."""
