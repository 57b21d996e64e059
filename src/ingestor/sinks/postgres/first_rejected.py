"""The first entry of a file that was rejected: what to say of a file that fails for too many of them."""

from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

_FIRST: LiteralString = """
SELECT ordinal, error, substring(raw FOR 1024) AS raw FROM rejected_entries
WHERE file_id = %s ORDER BY ordinal LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class FirstRejected:
    """`raw` is its first KiB."""

    ordinal: int
    reason: str
    raw: bytes


def first_rejected(connection: psycopg.Connection[tuple[Any, ...]], file_id: int) -> FirstRejected | None:
    row = connection.execute(_FIRST, (file_id,)).fetchone()
    return None if row is None else FirstRejected(*row)
