"""A sink: rows as ever, and beside them how many each level has, in a table of one's own.

`LevelCounts(PostgresSink())` goes where `bootstrap.row_sink` gives PostgreSQL's. The counts are exact, whatever dies:
they are written in the transaction of the rows and the checkpoint, and taken out with the rows.
"""

from collections import Counter
from collections.abc import Callable
from typing import LiteralString

from ingestor.database import Connection
from ingestor.model.columns import COLUMNS
from ingestor.model.entry import Batch
from ingestor.model.rows import Entity, Mapped, Mapper
from ingestor.sinks import CopiedBatch, FirstRejected, RowSink

TABLE: LiteralString = """
CREATE TABLE IF NOT EXISTS level_counts (
    file_id bigint NOT NULL, ordinal bigint NOT NULL, level text, entries bigint NOT NULL
)
"""
_ADD: LiteralString = "INSERT INTO level_counts VALUES (%s, %s, %s, %s)"
_TAKE_OUT: LiteralString = "DELETE FROM level_counts WHERE file_id = %s AND ordinal >= %s"
_REFUSED: LiteralString = "SELECT ordinal FROM rejected_entries WHERE file_id = %s AND ordinal >= %s"
_LEVEL, _ORDINAL = ([column.name for column in COLUMNS].index(name) for name in ("level", "ordinal"))


class LevelCounts:
    """A `RowSink` around another one. It holds no state of a file."""

    def __init__(self, rows: RowSink) -> None:
        self._rows = rows

    def copy(
        self,
        connection: Connection,
        file_id: int,
        mapper: Mapper,
        batch: Batch,
        all_sent: Callable[[], None],
        /,
    ) -> CopiedBatch:
        counting = _CountingMapper(mapper)
        copied = self._rows.copy(connection, file_id, counting, batch, all_sent)
        first = min(counting.levels, default=0)
        for ordinal in self._refused(connection, file_id, first) if copied.rejected else ():
            counting.levels.pop(ordinal, None)
        for level, entries in Counter(counting.levels.values()).items():
            connection.execute(_ADD, [file_id, first, level, entries])
        return copied

    def unload(
        self,
        connection: Connection,
        file_id: int,
        /,
        *,
        from_ordinal: int = 0,
        rows_loaded: int | None = None,
    ) -> int:
        connection.execute(_TAKE_OUT, [file_id, from_ordinal])
        return self._rows.unload(connection, file_id, from_ordinal=from_ordinal, rows_loaded=rows_loaded)

    def first_rejected(self, connection: Connection, file_id: int, /) -> FirstRejected | None:
        return self._rows.first_rejected(connection, file_id)

    @staticmethod
    def _refused(connection: Connection, file_id: int, first: int) -> list[int]:
        """Entries that had a row which PostgreSQL refused."""
        return [ordinal for (ordinal,) in connection.execute(_REFUSED, [file_id, first]).fetchall()]


class _CountingMapper:
    """Remembers each entry's level by its ordinal: the inner sink may ask for an entry more than once."""

    def __init__(self, mapper: Mapper) -> None:
        self._mapper = mapper
        self.levels: dict[int, str | None] = {}

    @property
    def unknown_fields(self) -> int:
        return self._mapper.unknown_fields

    def row_of(self, text: Entity, ordinal: int, context: object = None, /) -> Mapped:
        mapped = self._mapper.row_of(text, ordinal, context)
        if isinstance(mapped, tuple):
            self.levels[mapped[_ORDINAL]] = mapped[_LEVEL]
        return mapped

    def redacted(self, raw: bytes, /) -> bytes:
        return self._mapper.redacted(raw)
