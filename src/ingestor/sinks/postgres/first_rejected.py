"""The first rejected entry of a file, for the error of a file with too many of them."""

from typing import LiteralString

from ingestor.database import Connection
from ingestor.sinks import FirstRejected

_FIRST: LiteralString = """
SELECT ordinal, error, substring(raw FOR 1024) AS raw FROM rejected_entries
WHERE file_id = %s ORDER BY ordinal LIMIT 1
"""


def first_rejected(connection: Connection, file_id: int) -> FirstRejected | None:
    row = connection.execute(_FIRST, (file_id,)).fetchone()
    return None if row is None else FirstRejected(*row)
