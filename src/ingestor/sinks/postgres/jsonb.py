"""Finds what jsonb refuses of valid JSON. It is called only after Postgres refused a whole batch."""

import re
from collections.abc import Callable

from ingestor.model.columns import JSONB_POSITIONS, Row

# numeric's limits, https://www.postgresql.org/docs/current/datatype-numeric.html
_MAX_INTEGER_DIGITS = 131_072
_MAX_FRACTION_DIGITS = 16_383
# `numeric_in` takes no larger exponent, not even of zero: (2^31 - 1) / 2
_MAX_EXPONENT = 2**30 - 2

# Strings first, so that what looks like a number inside of one is passed over.
_STRING_OR_NUMBER = re.compile(
    rb'"(?:[^"\\]++|\\.)*+"|-?(?P<integer>\d++)(?:\.(?P<fraction>\d++))?(?:[eE](?P<exponent>[+-]?\d++))?'
)
_EXPONENT_DIGITS = 12


def with_acceptable_jsonb(row: Row) -> Row:
    """The row with None for each jsonb value that holds a number beyond Postgres' numeric."""
    return _replacing(row, lambda value: value if _is_acceptable(value) else None)


def without_jsonb(row: Row) -> Row:
    return _replacing(row, lambda _: None)


def _replacing(row: Row, replacement: Callable[[bytes], bytes | None]) -> Row:
    values = list(row)
    for position in JSONB_POSITIONS:
        if values[position] is not None:
            values[position] = replacement(values[position])
    return tuple(values)


def _is_acceptable(value: bytes) -> bool:
    return all(
        _fits_numeric(match) for match in _STRING_OR_NUMBER.finditer(value) if match["integer"] is not None
    )


def _fits_numeric(number: re.Match[bytes]) -> bool:
    integer, fraction = number["integer"], number["fraction"] or b""
    exponent_digits = number["exponent"] or b"0"
    if len(exponent_digits.lstrip(b"+-0")) > _EXPONENT_DIGITS:
        return False
    exponent = int(exponent_digits)
    if abs(exponent) > _MAX_EXPONENT or len(fraction) - exponent > _MAX_FRACTION_DIGITS:
        return False
    digits = integer + fraction
    leading_zeros = len(digits) - len(digits.lstrip(b"0"))
    is_zero = leading_zeros == len(digits)
    return is_zero or len(integer) - leading_zeros + exponent <= _MAX_INTEGER_DIGITS
