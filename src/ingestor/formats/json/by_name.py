"""JSON formats that have names of their own: `json_by_name` makes one of an ordered list of names for each column.

    WAF = {"timestamp": ("timestamp",), "remote_address": ("httpRequest.clientIp",), "url": ("httpRequest.uri",)}

    KNOWN = KnownFormat("waf", json_by_name("waf", WAF), recognises, keys)

`raw_data` is the entry, byte for byte. Where the framing gives it a context, the members of the objects around it that
`attached` names stand behind its own: docs/decisions/0024-what-stands-around-an-entry.md.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ingestor.formats import Format, Position
from ingestor.formats.framing import Framing, framed_batches
from ingestor.formats.json.batches import batches
from ingestor.formats.json.envelopes import object_text
from ingestor.formats.json.mapping import first_of, json_values
from ingestor.formats.json.names import ColumnNames, JsonPlace, JsonPlaces
from ingestor.formats.json.objects import fields_of
from ingestor.formats.json.reasons import why_no_time
from ingestor.formats.known import FormatOptions, refuse_useless
from ingestor.formats.limits import Limits
from ingestor.formats.mapping import ColumnName, Fields, RowBuilder, as_json
from ingestor.formats.mapping.times import time_reader
from ingestor.model.entry import Batch
from ingestor.model.rows import Entity, Mapped, Rejection, RowOrigin

__all__ = ["OPTIONS", "JsonByName", "json_by_name", "own_first", "own_names"]

OPTIONS = ("columns", "time_zone", "time_format")
"""What a rule may say of a format of JSON."""

type Prepare = Callable[[Fields, object], Fields]
"""An entry's fields, and its context, to the fields that the names speak of. Raises nothing."""

type Attached = Callable[[Any], Fields]
"""Of an entry's context, what stands behind its own members, unless it has some of that name. Raises nothing."""


@dataclass(frozen=True, slots=True)
class JsonByName:
    """A `Format`. Without a `framing`, entries are framed as those of `json`.

    `prepare_attached` is to what is attached as `prepare` is to the entry's own fields. `within` is the field that may
    hold an entry of `json` as text: what that says goes before `names`, and `own`, which are a rule's, before both.
    """

    name: str
    names: ColumnNames
    framing: Callable[[Limits], Framing] | None = None
    prepare: Prepare | None = None
    attached: Attached | None = None
    prepare_attached: Callable[[Fields], Fields] | None = None
    within: str | None = None
    own: ColumnNames | None = None

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
            return framed_batches(pieces, framing, limits, start=start, time_is_up=time_is_up)
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

    __slots__ = ("_around", "_builder", "_format")

    unknown_fields = 0

    def __init__(self, json_format: JsonByName, origin: RowOrigin) -> None:
        self._format = json_format
        self._builder = RowBuilder(json_format.names, origin)
        self._around = _Around(None, {}, {}, b"")

    def redacted(self, raw: bytes, /) -> bytes:
        return raw

    def row_of(self, text: Entity, ordinal: int, context: object = None, /) -> Mapped:
        fields = fields_of(text)
        if isinstance(fields, Rejection):
            return fields
        raw_data = text
        if self._format.attached is not None and context is not None:
            around = self._around_of(context)
            raw_data = _with_members(bytes(text), fields, around)
            fields = around.fields | fields
        if self._format.prepare is not None:
            fields = self._format.prepare(fields, context)
        row = self._builder.row_with(self._values(fields), raw_data, ordinal)
        return Rejection(why_no_time(text, self._looked_for())) if row is None else row

    def _around_of(self, context: object) -> "_Around":
        """The same for all entries of one object."""
        form = self._format
        if self._around.context is not context and form.attached is not None:
            members = form.attached(context)
            known = form.prepare_attached(members) if form.prepare_attached is not None else members
            self._around = _Around(context, members, known, as_json(members)[1:])
        return self._around

    def _values(self, fields: Fields) -> list[Any]:
        form = self._format
        if form.own is None and form.within is None:
            return form.names.values(fields)
        text = fields.get(form.within) if form.within is not None else None
        carried = object_text(text) if isinstance(text, str) else None
        inner = json_values(carried, form.own) if carried is not None else None
        own = form.own.values(fields) if form.own is not None else None
        given = [row for row in (own, inner) if row is not None]
        if not given:
            return form.names.values(fields)
        values = first_of(*given)
        form.names.complete(values, fields)
        return values

    def _looked_for(self) -> Iterable[str]:
        own = self._format.own
        names = own.names_of("timestamp") if own is not None else []
        return dict.fromkeys([*names, *self._format.names.names_of("timestamp")])


@dataclass(frozen=True, slots=True)
class _Around:
    """What `context` attaches to its entries: as members, as the names know them, and as JSON that ends an object."""

    context: object
    members: Fields
    fields: Fields
    end: bytes


def _with_members(text: bytes, fields: Fields, around: _Around) -> bytes:
    """`text`, an object, with these members behind its own; those of its own names are left out."""
    end = around.end
    if not fields.keys().isdisjoint(around.members):
        end = as_json({name: value for name, value in around.members.items() if name not in fields})[1:]
    if end == b"}":
        return text
    return text.rstrip()[:-1] + (b"," if fields else b"") + end


def json_by_name(
    name: str,
    places: JsonPlaces,
    *,
    framing: Callable[[Limits], Framing] | None = None,
    prepare: Prepare | None = None,
    attached: Attached | None = None,
    prepare_attached: Callable[[Fields], Fields] | None = None,
    within: str | None = None,
) -> Callable[[FormatOptions], Format]:
    """A `KnownFormat`'s `make`: `columns` put names before these."""
    names = ColumnNames(places)

    def make(options: FormatOptions) -> Format:
        refuse_useless(name, options, *OPTIONS)
        own = own_first(options, names)
        return JsonByName(name, names, framing, prepare, attached, prepare_attached, within, own)

    return make


def own_first(options: FormatOptions, names: ColumnNames) -> ColumnNames | None:
    """What a rule says goes before `names`; None: nothing. Where it says how times are read, all of them are so."""
    own = own_names(options)
    if options.time_zone is not None or options.time_format is not None:
        own["timestamp"] = (*own.get("timestamp", ()), *names.places["timestamp"])
    return ColumnNames(own, read_time=time_reader(options)) if own else None


def own_names(options: FormatOptions) -> dict[ColumnName, tuple[JsonPlace, ...]]:
    """What a rule's `columns` say."""
    return {column: tuple(names) for column, names in options.columns.items()}
