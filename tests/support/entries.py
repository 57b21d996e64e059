"""Stored bytes to batches, and batches to Postgres, as the product puts these steps together for JSON."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg

from ingestor.formats import Limits
from ingestor.formats.compression import uncompressed
from ingestor.formats.json.batches import batches as json_batches
from ingestor.formats.json.mapping import JsonMapper
from ingestor.model.entry import Batch
from ingestor.model.rows import RowOrigin
from ingestor.model.source_file import ByteStream
from ingestor.sinks import CopiedBatch, postgres


def batches(
    stream: ByteStream,
    limits: Limits,
    *,
    checkpoint: int = 0,
    checkpoint_offset: int = 0,
    time_is_up: Callable[[], bool],
) -> Iterator[Batch]:
    return json_batches(
        uncompressed(stream),
        limits,
        checkpoint=checkpoint,
        checkpoint_offset=checkpoint_offset,
        time_is_up=time_is_up,
    )


def copy_batch(
    connection: psycopg.Connection[tuple[Any, ...]],
    origin: RowOrigin,
    batch: Batch,
    all_sent: Callable[[], None] = lambda: None,
) -> CopiedBatch:
    return postgres.copy_batch(connection, origin.file_id, JsonMapper(origin), batch, all_sent)


def copied(rows: int, rejected: int) -> CopiedBatch:
    """Without a time."""
    return CopiedBatch(rows, rejected, 0, None, None)
