"""JSON formats that have names of their own: `json_by_name` makes one of an ordered list of names for each column.

    WAF = {"timestamp": ("timestamp",), "remote_address": ("httpRequest.clientIp",), "url": ("httpRequest.uri",)}

    KNOWN = KnownFormat("waf", json_by_name("waf", WAF), recognises, keys)

`raw_data` is the entry, byte for byte. An entry whose framing gives it a context (the object around it) has `prepare`
put both together.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingestor.formats import Format, Position
from ingestor.formats.framing import Framing, framed_batches
from ingestor.formats.json.batches import batches
from ingestor.formats.json.names import JsonPlace, JsonPlaces, Names
from ingestor.formats.json.objects import fields_of
from ingestor.formats.json.reasons import why_no_time
from ingestor.formats.known import FormatOptions, refuse_useless
from ingestor.formats.limits import Limits
from ingestor.formats.mapping import ColumnName, Fields, RowBuilder
from ingestor.model.entry import Batch
from ingestor.model.rows import Entity, Mapped, Rejection, RowOrigin

__all__ = ["JsonByName", "json_by_name", "own_names"]

type Prepare = Callable[[Fields, object], Fields]
"""An entry's fields, and its context, to the fields that the names speak of. Raises nothing."""


@dataclass(frozen=True, slots=True)
class JsonByName:
    """A `Format`. Without a `framing`, entries are framed as those of `json`."""

    name: str
    names: Names
    framing: Callable[[Limits], Framing] | None = None
    prepare: Prepare | None = None

    def batches(
        self,
        pieces: Iterator[bytes],
        limits: Limits,
        start: Position,
        time_is_up: Callable[[], bool],
        /,
    ) -> Iterator[Batch]:
        if self.framing is not None:
            framing = self.framing(limits)
            return framed_batches(pieces, framing, limits, checkpoint=start.entries, time_is_up=time_is_up)
        return batches(
            pieces,
            limits,
            checkpoint=start.entries,
            checkpoint_offset=start.offset,
            time_is_up=time_is_up,
        )

    def mapper(self, origin: RowOrigin, /) -> "ByNameMapper":
        return ByNameMapper(self, origin)


class ByNameMapper:
    """A `Mapper`."""

    __slots__ = ("_builder", "_names", "_prepare")

    unknown_fields = 0

    def __init__(self, json_format: JsonByName, origin: RowOrigin) -> None:
        self._names = json_format.names
        self._prepare = json_format.prepare
        self._builder = RowBuilder(json_format.names, origin)

    def redacted(self, raw: bytes, /) -> bytes:
        return raw

    def row_of(self, text: Entity, ordinal: int, context: object = None, /) -> Mapped:
        fields = fields_of(text)
        if isinstance(fields, Rejection):
            return fields
        if self._prepare is not None:
            fields = self._prepare(fields, context)
        row = self._builder.row(fields, text, ordinal)
        return Rejection(why_no_time(text, self._names.names_of("timestamp"))) if row is None else row


def json_by_name(
    name: str,
    places: JsonPlaces,
    *,
    framing: Callable[[Limits], Framing] | None = None,
    prepare: Prepare | None = None,
) -> Callable[[FormatOptions], Format]:
    """A `KnownFormat`'s `make`: `columns` put names before these."""
    names = Names(places)

    def make(options: FormatOptions) -> Format:
        refuse_useless(name, options, "columns")
        own = names.preferring(own_names(options)) if options.columns else names
        return JsonByName(name, own, framing, prepare)

    return make


def own_names(options: FormatOptions) -> dict[ColumnName, tuple[JsonPlace, ...]]:
    """What a rule's `columns` say."""
    return {column: tuple(names) for column, names in options.columns.items()}
