"""Entries that carry another one: what a container or a function logged, as text or as an object."""

from typing import Any

import msgspec
from msgspec import Raw

from ingestor.formats.mapping import Fields
from ingestor.formats.repair import repaired_escapes
from ingestor.model.rows import Entity

_encode = msgspec.json.Encoder().encode
_FUNCTION_LOGS = ("function", "extension")


def carried(fields: Fields) -> Entity | None:
    """The bytes of the object within; None: the entry carries none.

    `log` of Docker, Fluent Bit and FireLens; `jsonPayload` of GCP; `record` of Lambda's telemetry; and `message`, where
    a program gave its logger an object.
    """
    log = fields.get("log")
    if isinstance(log, str):
        return object_text(log)
    for name in ("jsonPayload", "message"):
        within = fields.get(name)
        if isinstance(within, dict):
            return _encode(within)
    if fields.get("type") in _FUNCTION_LOGS:
        return _of_either(fields.get("record"))
    return None


def object_text(text: str) -> Entity | None:
    """The bytes of an object that was logged as text; None: the text is none, or not whole."""
    stripped = text.strip()
    if not (stripped.startswith("{") and stripped.endswith("}")):
        return None
    # Within a string, `\\u0000` and lone surrogates were of no concern to whoever framed the entry.
    return repaired_escapes(stripped.encode())


def _of_either(record: Any) -> Entity | None:  # noqa: ANN401 - whatever JSON holds
    if isinstance(record, str):
        return object_text(record)
    return Raw(_encode(record)) if isinstance(record, dict) else None
