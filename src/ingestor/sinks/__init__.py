"""Where rows go. `RowSink` is what a worker needs of it; `postgres` is the one there is, and `bootstrap` picks it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ingestor.database import Connection
from ingestor.model.entry import Batch
from ingestor.model.rows import LossCounts, Mapper

__all__ = ["CopiedBatch", "FirstRejected", "RowSink"]


@dataclass(frozen=True, slots=True)
class CopiedBatch:
    """`rows` + `rejected` + `dropped` is the number of entries in the batch; the times are UTC, None without rows.

    `unknown_fields` is how many entries had fields that the format doesn't know.
    """

    rows: int
    rejected: int
    dropped: int
    first_log_at: datetime | None
    last_log_at: datetime | None
    unknown_fields: int = 0
    losses: LossCounts = field(default_factory=LossCounts)


@dataclass(frozen=True, slots=True)
class FirstRejected:
    """`raw` is its first KiB."""

    ordinal: int
    reason: str
    raw: bytes


class RowSink(Protocol):
    """Works inside the caller's transaction, which is the ledger's: rows and checkpoint are committed together.

    Every method raises the database's errors.
    """

    def copy(
        self,
        connection: Connection,
        file_id: int,
        mapper: Mapper,
        batch: Batch,
        all_sent: Callable[[], None],
        /,
    ) -> CopiedBatch:
        """Every entry becomes a row or a rejected entry, or is dropped and counted.

        `all_sent` is called, at least once, when only waiting is left. An empty batch sends nothing.
        """
        ...

    def unload(
        self,
        connection: Connection,
        file_id: int,
        /,
        *,
        from_ordinal: int = 0,
        rows_loaded: int | None = None,
    ) -> int:
        """Takes out all that came from this file, or from its entries beginning at one; how many rows left.

        `rows_loaded`: how many the ledger knows of, its row locked or the claim fenced. None: look everywhere.
        """
        ...

    def first_rejected(self, connection: Connection, file_id: int, /) -> FirstRejected | None: ...
