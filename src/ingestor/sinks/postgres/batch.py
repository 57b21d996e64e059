"""A batch is copied in one COPY. Where Postgres refuses it, the entries at fault are found by bisecting."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import LiteralString

import psycopg

from ingestor.database import Connection
from ingestor.model.entry import Batch
from ingestor.model.instants import datetime_of
from ingestor.model.rows import Mapper
from ingestor.sinks import CopiedBatch
from ingestor.sinks.postgres.jsonb import with_acceptable_jsonb, without_jsonb
from ingestor.sinks.postgres.outcome import Original, Rejected, SpanOutcome, combined, rejected
from ingestor.sinks.postgres.stream import Treatment, stream

_COPY_REJECTED: LiteralString = """
    COPY rejected_entries (file_id, ordinal, byte_offset, byte_length, error, raw) FROM STDIN (FORMAT BINARY)"""
_REJECTED_TYPES = ("int8", "int8", "int8", "int8", "text", "bytea")
_COPY_ORIGINALS: LiteralString = "COPY raw_originals (file_id, ordinal, raw) FROM STDIN (FORMAT BINARY)"
_ORIGINAL_TYPES = ("int8", "int8", "bytea")

# Data exceptions and exceeded limits: an entry's fault, https://www.postgresql.org/docs/current/errcodes-appendix.html
_ENTRYS_FAULT = ("22", "54")


def copy_batch(
    connection: Connection,
    file_id: int,
    mapper: Mapper,
    batch: Batch,
    all_sent: Callable[[], None] = lambda: None,
) -> CopiedBatch:
    """Every entry of `batch` becomes a row of `logs` or of `rejected_entries`, or is dropped and counted.

    The connection must be inside a transaction, which stays open. Rows are mapped while Postgres works on those
    sent before; `all_sent` is called, at least once, when only waiting is left. An empty batch sends nothing. Raises
    psycopg's errors, apart from SQLSTATE classes 22 and 54: those are some entry's fault, and only it is rejected.
    """
    if not batch.values:
        return CopiedBatch(0, 0, 0, None, None)
    attempts = _Attempts(connection, mapper, batch, all_sent)
    outcome = attempts.whole() or combined(attempts.bisected())
    _copy(connection, _COPY_REJECTED, _REJECTED_TYPES, _rejected_rows(file_id, outcome.rejected))
    _copy(connection, _COPY_ORIGINALS, _ORIGINAL_TYPES, _original_rows(file_id, outcome.originals))
    return CopiedBatch(
        rows=outcome.rows,
        rejected=len(outcome.rejected),
        dropped=outcome.losses.dropped.total(),
        first_log_at=None if outcome.first is None else datetime_of(outcome.first),
        last_log_at=None if outcome.last is None else datetime_of(outcome.last),
        unknown_fields=outcome.unknown_fields,
        losses=outcome.losses,
    )


@dataclass(frozen=True, slots=True)
class _Attempts:
    connection: Connection
    mapper: Mapper
    batch: Batch
    all_sent: Callable[[], None]

    def whole(self) -> SpanOutcome | None:
        """The usual case. None if Postgres refused an entry: then nothing of the batch is in."""
        outcome = self._attempt(range(len(self.batch.values)), None)
        return outcome if isinstance(outcome, SpanOutcome) else None

    def bisected(self) -> Iterator[SpanOutcome]:
        """With k entries refused among n: at most about 2 k log2(n) COPYs, each of a half of the one before."""
        pending = [range(len(self.batch.values))]
        while pending:
            span = pending.pop()
            outcome = self._attempt(span, with_acceptable_jsonb)
            if isinstance(outcome, SpanOutcome):
                yield outcome
            elif len(span) == 1:
                yield self._alone(span)
            else:
                middle = len(span) // 2
                pending += [span[middle:], span[:middle]]

    def _alone(self, span: range) -> SpanOutcome:
        outcome = self._attempt(span, without_jsonb)
        if isinstance(outcome, SpanOutcome):
            return outcome
        return SpanOutcome(
            rejected=[
                rejected(self.batch, span.start, f"PostgreSQL refused it: {_said(outcome)}", self.mapper)
            ]
        )

    def _attempt(self, span: range, treatment: Treatment) -> SpanOutcome | psycopg.Error:
        """Copies the span. Where an entry is at fault, it returns the error, and no row of the span is in."""
        try:
            with self.connection.transaction():
                return stream(
                    self.connection,
                    self.mapper,
                    self.batch,
                    span,
                    treatment=treatment,
                    all_sent=self.all_sent,
                )
        except psycopg.Error as error:
            if (error.sqlstate or "").startswith(_ENTRYS_FAULT):
                return error
            raise


def _said(error: psycopg.Error) -> str:
    parts = (error.diag.message_primary or str(error), error.diag.message_detail, error.diag.context)
    return "; ".join(part for part in parts if part)


def _rejected_rows(file_id: int, entries: Iterable[Rejected]) -> list[tuple[object, ...]]:
    return [
        (file_id, each.ordinal, each.byte_offset, each.byte_length, each.reason, each.raw) for each in entries
    ]


def _original_rows(file_id: int, entries: Iterable[Original]) -> list[tuple[object, ...]]:
    return [(file_id, each.ordinal, each.raw) for each in entries]


def _copy(
    connection: Connection, statement: LiteralString, types: tuple[str, ...], rows: list[tuple[object, ...]]
) -> None:
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
