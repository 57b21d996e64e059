"""Which of the listed objects the ledger doesn't know yet: one rule for the sweeper, `run` and the backfill."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

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


class KeyBytes(Enum):
    """What a key holds, compared with what its ledger row speaks of."""

    SAME = auto()
    OTHER = auto()
    ANNOUNCED = auto()
    """Other bytes, which the row knows of already."""
    UNKNOWN = auto()
    """An ETag is missing, and the sizes don't tell."""


def compared(file: SourceFile, row: ledger.KnownFile) -> KeyBytes:
    """The ETags decide. Where the row has none, two known sizes that differ do."""
    if file.etag == row.etag:
        return KeyBytes.SAME
    if file.etag is None:
        return KeyBytes.UNKNOWN
    if file.etag == row.next_etag:
        return KeyBytes.ANNOUNCED
    if row.etag is None and (None in {file.size_bytes, row.size_bytes} or file.size_bytes == row.size_bytes):
        return KeyBytes.UNKNOWN
    return KeyBytes.OTHER


def has_other_bytes(file: SourceFile, row: ledger.KnownFile) -> bool:
    """Whether the key certainly holds other bytes, and nobody announced them yet.

    A listing without an ETag says nothing, because nothing would name the other bytes.
    """
    return compared(file, row) is KeyBytes.OTHER


def may_have_other_bytes(file: SourceFile, row: ledger.KnownFile) -> bool:
    """Whether somebody has to ask the store, or the row, what the key holds."""
    return compared(file, row) is not KeyBytes.SAME
