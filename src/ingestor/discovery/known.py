"""Which of the listed objects the ledger has still to hear of: one rule for whoever lists."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingestor import ledger
from ingestor.database import Connection
from ingestor.model.source_file import SourceFile


@dataclass(frozen=True, slots=True)
class Unheard:
    """`unknown`: keys without a row. `replaced`: known keys to be loaded again.

    They have other bytes now, or failed for good and were uploaded once more.
    """

    unknown: list[SourceFile]
    replaced: list[SourceFile]


def unheard(connection: Connection, bucket: str, files: Sequence[SourceFile], *, skip_newer: bool) -> Unheard:
    """`skip_newer`: a completed key stays as it is, whatever bytes it has now."""
    known = ledger.known_files(connection, bucket, [file.key for file in files])
    return Unheard(
        unknown=[file for file in files if file.key not in known],
        replaced=[
            file
            for file in files
            if (row := known.get(file.key)) is not None
            and (has_other_bytes(file, row) or row.is_uploaded_again(file))
            and not (skip_newer and row.status == "COMPLETED")
        ],
    )


def has_other_bytes(file: SourceFile, row: ledger.KnownFile) -> bool:
    """Whether the key holds other bytes than those that its row speaks of, and nobody announced them yet.

    The ETags decide. Where the row has none, two known sizes that differ do; a listing without an ETag says nothing,
    because nothing would name the other bytes.
    """
    if file.etag in {None, row.next_etag}:
        return False
    if row.etag is None:
        return None not in {file.size_bytes, row.size_bytes} and file.size_bytes != row.size_bytes
    return file.etag != row.etag
