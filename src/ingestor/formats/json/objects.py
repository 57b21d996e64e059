"""An entry as a dictionary: all its fields, whatever their names."""

from typing import Any

from msgspec import Raw, ValidationError
from msgspec.json import Decoder

from ingestor.formats.json.reasons import UNREADABLE, why_unreadable
from ingestor.formats.mapping import Fields
from ingestor.formats.repair import repaired_escapes, repaired_utf8
from ingestor.model.rows import Entity, Rejection

_decode = Decoder(dict[str, Any]).decode
_decode_pieces = Decoder(dict[str, Raw]).decode
_decode_list = Decoder(list[Raw]).decode
_decode_any = Decoder().decode

_DEEPEST_NAME = 8
"""Below this, a value that msgspec refuses is looked at no closer: each level reads its bytes once more."""


def fields_of(text: Entity) -> Fields | Rejection:
    """A number that no column could hold (1e400) is None; the other fields are read nevertheless."""
    try:
        return _decode(text)
    except UNREADABLE as error:
        if not isinstance(error, ValidationError):
            return Rejection(why_unreadable(text, error))
    try:
        return _in_pieces(Raw(text), 0)
    except UNREADABLE as error:
        return Rejection(why_unreadable(text, error))


def value_of(text: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """A single value, as readable as PostgreSQL needs it; None: it is null, or can't be read."""
    try:
        return _piece(Raw(repaired_utf8(repaired_escapes(text))), 0)
    except UNREADABLE:
        return None


def _in_pieces(text: Raw, depth: int) -> Fields:
    """Raises ValidationError if `text` is no object."""
    return {name: _piece(piece, depth + 1) for name, piece in _decode_pieces(text).items()}


def _piece(text: Raw, depth: int) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return _decode_any(text)
    except ValidationError:
        if depth > _DEEPEST_NAME:
            return None
    start = bytes(text)[:1]
    if start == b"{":
        return _in_pieces(text, depth)
    return [_piece(each, depth + 1) for each in _decode_list(text)] if start == b"[" else None
