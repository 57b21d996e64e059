"""What one delimited value is: an entry as it stands, a repaired one, or none."""

import msgspec
from msgspec import Raw

from ingestor.formats.limits import DEPTH_LIMIT
from ingestor.formats.repair import repaired_escapes, repaired_utf8
from ingestor.model.entry import RAW_LIMIT, Malformed, Repaired, Value

_JSON = msgspec.json.Decoder(Raw)

NOT_AN_OBJECT = "not an object"


def malformed(reason: str, offset: int, text: bytes, length: int | None = None) -> Malformed:
    return Malformed(reason, offset, len(text) if length is None else length, text[:RAW_LIMIT])


def too_large(max_entry_bytes: int, offset: int, text: bytes, length: int | None = None) -> Malformed:
    return malformed(f"larger than {max_entry_bytes} bytes (MAX_ENTRY_BYTES)", offset, text, length)


def judged(text: bytes, offset: int, deepest: int) -> Value:
    """`text` is one value without whitespace around it, within the size limit; `deepest` its greatest depth."""
    if not text:
        return malformed("nothing where an entry should be", offset, text)
    if deepest > DEPTH_LIMIT:
        return malformed(f"nested deeper than {DEPTH_LIMIT} levels", offset, text)
    escaped = repaired_escapes(text)
    try:
        raw = _JSON.decode(escaped)
    except msgspec.DecodeError as error:
        return malformed(f"not valid JSON: {error}", offset, text)
    if not text.startswith(b"{"):
        return malformed(NOT_AN_OBJECT, offset, text)
    readable = repaired_utf8(escaped)
    return raw if readable is text else Repaired(readable, text)
