"""A field's value to what its column takes. What is no value of the column's type is None."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any, cast

import msgspec

from ingestor.formats.mapping.levels import GivenLevel, Level, level_of
from ingestor.formats.repair import repaired_escapes
from ingestor.model.instants import Instant, microseconds_of

type Convert = Callable[[Any], object]

type ReadTime = Callable[[object], int | None]
"""A field's value to microseconds since 2000-01-01 UTC; None: no time."""

_JSONB_VERSION = b"\x01"
_LONGEST_BIGINT = len(str(-(2**63)))
# `str | int | float` in a call of isinstance is made anew each time: as long as the rest of the call.
_SCALARS = (str, int, float)
_encode = msgspec.json.Encoder(enc_hook=str).encode


def as_json(fields: object) -> bytes:
    """The fields as `raw_data`: JSON that PostgreSQL can read every value of."""
    return repaired_escapes(_encode(fields))


def usual_time(value: object) -> int | None:
    """A number by its magnitude, or ISO 8601, as everywhere."""
    return microseconds_of(cast("Instant", value)) if _is_scalar(value) else None


def level(value: object) -> Level | None:
    if not _is_scalar(value):
        return None
    found = level_of(cast("GivenLevel", value))
    return Level(text(found.text), found.severity) if found.text and "\0" in found.text else found


def text(value: object) -> str | None:
    if isinstance(value, str):
        return value if "\0" not in value else value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _is_scalar(value: object) -> bool:
    return isinstance(value, _SCALARS) and value is not True and value is not False


def _integer_within(bits: int) -> Convert:
    limit = 2 ** (bits - 1)

    def convert(value: object) -> int | None:
        if type(value) is int:  # neither text nor a boolean
            return value if -limit <= value < limit else None
        if isinstance(value, str):
            # int() also reads underscores and digits of other scripts.
            is_number = value.isascii() and value.removeprefix("-").isdigit()
            value = int(value) if is_number and len(value) <= _LONGEST_BIGINT else None
        if isinstance(value, bool) or not isinstance(value, int):
            return None
        return value if -limit <= value < limit else None

    return convert


def _float(value: object) -> float | None:
    if not isinstance(value, _SCALARS) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class Encoded:
    """A value of a jsonb column, encoded when it was first met."""

    value: bytes


def jsonb(value: object) -> bytes:
    if value.__class__ is Encoded:
        return value.value
    return _JSONB_VERSION + repaired_escapes(_encode(value))


CONVERTERS: dict[str, Convert] = {
    "text": text,
    "integer": _integer_within(32),
    "bigint": _integer_within(64),
    "double precision": _float,
    "boolean": _boolean,
    "jsonb": jsonb,
    "timestamp with time zone": usual_time,
}
"""By the column's type."""
