"""The fields of an entry that have a column, decoded strictly where possible and one by one where not."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct, ValidationError, field
from msgspec.json import Decoder

from ingestor.formats.mapping.levels import GivenLevel
from ingestor.model.instants import Instant
from ingestor.model.rows import Entity

type Integer = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
type BigInteger = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
ABSENT = Raw(b"null")
"""What a missing `query`, `headers` or `params` reads as: the same as an explicit null."""


# gc=False: they hold no references back, and the collector need not walk 100,000 of them.
class Request(Struct, rename="camel", gc=False):
    id: int | str | None = None
    method: str | None = None
    url: str | None = None
    query: Raw = ABSENT
    headers: Raw = ABSENT
    params: Raw = ABSENT
    remote_address: str | None = None
    remote_port: Integer | None = None


class Response(Struct, rename="camel", gc=False):
    status_code: Integer | None = None


class Entry(Struct, rename="camel", gc=False):
    level: GivenLevel = None
    timestamp: Instant = None
    time: Instant = None
    req: Request | None = None
    res: Response | None = None
    trace_id: str | None = field(name="trace_id", default=None)
    trace_id_in_camel_case: str | None = field(name="traceId", default=None)
    context: str | None = None
    message: str | None = None
    msg: str | None = None
    hostname: str | None = None
    pid: Integer | None = None
    auth_user_id: BigInteger | None = None
    processing_time_ms: float | None = None
    response_time: float | None = None
    cache_hit: bool | None = None
    document_count: BigInteger | None = None
    last_updated: Instant = None


class _FieldByField[T: Struct]:
    """Reads any JSON object as `struct`: what doesn't fit a field's type leaves the field as if it were absent.

    The fields' own types do the converting, so that this cannot disagree with decoding `struct` at once.
    """

    def __init__(self, struct: type[T], **nested: Callable[[Raw], object]) -> None:
        fields = msgspec.structs.fields(struct)
        self._struct = struct
        self._pieces = Decoder(
            msgspec.defstruct(
                f"{struct.__name__}InPieces",
                [(each.name, Raw, field(name=each.encode_name, default=ABSENT)) for each in fields],
            )
        )
        self._converters = {each.name: nested.get(each.name) or Decoder(each.type).decode for each in fields}

    def __call__(self, text: Entity) -> T:
        """Raises ValidationError if `text` is no object."""
        pieces = self._pieces.decode(text)
        return self._struct(
            **{name: _or_none(convert, getattr(pieces, name)) for name, convert in self._converters.items()}
        )


def _or_none(convert: Callable[[Raw], Any], piece: Raw) -> Any:  # noqa: ANN401 - as many types as fields
    try:
        return convert(piece)
    except ValidationError:
        return None


decode_strictly = Decoder(Entry).decode
"""Raises ValidationError if any field has another type than its own."""

decode_field_by_field = _FieldByField(Entry, req=_FieldByField(Request), res=_FieldByField(Response))
"""A field of the wrong type is None; raises ValidationError if the entry is no object."""
