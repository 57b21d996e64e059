"""Takes what came of a file out of `logs`, `rejected_entries` and `raw_originals`, inside the caller's transaction."""

from typing import LiteralString

from ingestor.database import Connection

# A statement that waits while a month is moved out of the default partition knows the partitions from before the move,
# and would leave the month's rows. So one statement waits, for the lock that the move takes, and the next one deletes.
_HOLD_PARTITIONS: LiteralString = "LOCK TABLE logs IN ROW EXCLUSIVE MODE"
_ENTRIES_BESIDE_LOGS: tuple[LiteralString, ...] = (
    "DELETE FROM rejected_entries WHERE file_id = %(file_id)s AND ordinal >= %(from_ordinal)s",
    "DELETE FROM raw_originals WHERE file_id = %(file_id)s AND ordinal >= %(from_ordinal)s",
)
# The index logs_first_entries serves this one, because the statement says its condition in the same words.
_FIRST_ENTRIES: LiteralString = """
DELETE FROM logs WHERE file_id = %(file_id)s AND ordinal >= %(from_ordinal)s AND ordinal < 1000
"""
_LATER_ENTRIES: LiteralString = """
DELETE FROM logs WHERE file_id = %(file_id)s AND ordinal >= greatest(%(from_ordinal)s, 1000)
"""


def unload(
    connection: Connection, file_id: int, *, from_ordinal: int = 0, rows_loaded: int | None = None
) -> int:
    """Takes out all that came from this file, or from its entries beginning at one; how many rows left `logs`.

    `rows_loaded`: how many the ledger knows of, its row locked or the claim fenced. Where the first thousand entries
    have them all, no month is searched for later ones. Rows that no chunk accounts for follow the checkpoint without a
    gap, so that those of a small file are counted among the first.
    """
    connection.execute(_HOLD_PARTITIONS)
    parameters = {"file_id": file_id, "from_ordinal": from_ordinal}
    for statement in _ENTRIES_BESIDE_LOGS:
        connection.execute(statement, parameters)
    rows = connection.execute(_FIRST_ENTRIES, parameters).rowcount
    if rows != rows_loaded:
        rows += connection.execute(_LATER_ENTRIES, parameters).rowcount
    return rows
