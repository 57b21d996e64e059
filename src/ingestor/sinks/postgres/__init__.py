"""Puts batches of entries into `logs`, `rejected_entries` and `raw_originals`, inside the caller's transaction."""

from collections.abc import Callable

from ingestor.database import Connection
from ingestor.model.entry import Batch
from ingestor.model.rows import Mapper
from ingestor.sinks import CopiedBatch, FirstRejected
from ingestor.sinks.postgres.batch import copy_batch
from ingestor.sinks.postgres.first_rejected import first_rejected
from ingestor.sinks.postgres.unload import unload

__all__ = ["PostgresSink", "copy_batch", "first_rejected", "unload"]


class PostgresSink:
    """A `RowSink`. It holds no state: one object serves all."""

    def copy(
        self,
        connection: Connection,
        file_id: int,
        mapper: Mapper,
        batch: Batch,
        all_sent: Callable[[], None],
        /,
    ) -> CopiedBatch:
        return copy_batch(connection, file_id, mapper, batch, all_sent)

    def unload(
        self,
        connection: Connection,
        file_id: int,
        /,
        *,
        from_ordinal: int = 0,
        rows_loaded: int | None = None,
    ) -> int:
        return unload(connection, file_id, from_ordinal=from_ordinal, rows_loaded=rows_loaded)

    def first_rejected(self, connection: Connection, file_id: int, /) -> FirstRejected | None:
        return first_rejected(connection, file_id)
