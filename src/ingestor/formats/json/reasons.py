"""Why an entry can't be a row, as `rejected_entries.error` says it."""

from collections.abc import Iterable

from msgspec import DecodeError, Raw, ValidationError
from msgspec.json import Decoder

from ingestor.formats.repair import repaired_utf8
from ingestor.model.rows import Entity

UNREADABLE = (DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for an entry that can't be read."""

_KINDS = {
    b"{": "an object",
    b"[": "an array",
    b'"': "a string",
    b"t": "a boolean",
    b"f": "a boolean",
    b"n": "null",
}
_QUOTED_CHARACTERS = 100
_raw_fields = Decoder(dict[str, Raw]).decode


def why_unreadable(text: Entity, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    start = bytes(text).lstrip()[:1]
    if isinstance(error, ValidationError) and start != b"{":
        return f"not an object: {_KINDS.get(start, 'a number')}"
    return f"bad JSON: {error}"


def why_no_time(text: Entity, looked_for: Iterable[str]) -> str:
    """`looked_for`: the names of the fields that could have held it. Only those at the entry's top are quoted."""
    names = list(looked_for)
    fields = _raw_fields(text)
    found = [f"{name} is {_quoted(fields[name])}" for name in names if name in fields]
    if found:
        return f"no usable time: {', '.join(found)}"
    return f"no time in the entry: looked for {', '.join(names)}"


def _quoted(text: Raw) -> str:
    """A scalar as it stands. What is in an array or an object is none of a reason's business: it may be a secret."""
    start = bytes(text)[: _QUOTED_CHARACTERS + 1]
    if start.startswith((b"[", b"{")):
        return _KINDS[start[:1]]
    shown = repaired_utf8(start).decode("utf-8", "replace")
    return shown if len(shown) <= _QUOTED_CHARACTERS else shown[:_QUOTED_CHARACTERS] + "..."
