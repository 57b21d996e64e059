"""The ledger for people: files that need attention, and the state of the whole service. Nothing here writes."""

from dataclasses import dataclass
from typing import LiteralString

from psycopg.rows import class_row

from ingestor.database import Connection
from ingestor.ledger.history import RECORD, FileRecord, records

SHOWN_FILES = 10

# Nobody sends a local file again: once its worker is gone, it waits for whoever called for it.
_STRANDED: LiteralString = """
    store = 'file' AND coalesce(lease_expires_at, next_attempt_at) < 'infinity'
    AND NOT (status = 'PROCESSING' AND lease_expires_at > clock_timestamp())
"""
_FAILED_FOR_GOOD: LiteralString = "status = 'FAILED' AND error_kind = 'permanent' AND ignored_at IS NULL"

_NEEDS_PERSON: LiteralString = f"""
(SELECT {RECORD} FROM processed_files WHERE {_FAILED_FOR_GOOD} ORDER BY updated_at DESC LIMIT %(limit)s)
UNION ALL
(SELECT {RECORD} FROM processed_files WHERE {_STRANDED} ORDER BY updated_at DESC LIMIT %(limit)s)
LIMIT %(limit)s
"""
# The one query that reads the whole ledger: there is no counting without it.
_STATES: LiteralString = f"""
SELECT status, CASE WHEN status = 'FAILED' THEN error_kind END AS error_kind, count(*) AS files,
       sum(rows_loaded)::bigint AS rows_loaded, sum(rows_rejected)::bigint AS rows_rejected,
       sum(rows_dropped)::bigint AS rows_dropped,
       count(*) FILTER (WHERE rows_rejected > 0) AS files_with_rejects,
       count(*) FILTER (WHERE ({_FAILED_FOR_GOOD}) OR ({_STRANDED})) AS need_person,
       count(*) FILTER (WHERE status = 'FAILED' AND ignored_at IS NOT NULL) AS ignored
FROM processed_files GROUP BY 1, 2 ORDER BY 1, 2
"""
_THROUGHPUT: LiteralString = """
SELECT %(hours)s::int AS hours, count(*) AS files, coalesce(sum(rows_loaded), 0)::bigint AS rows,
       coalesce(sum(size_bytes), 0)::bigint AS stored_bytes
FROM processed_files WHERE processed_at > clock_timestamp() - make_interval(hours => %(hours)s)
"""
# A local file's event_time is its modification time, which says nothing of how long it waited. An upload that was
# completed before was loaded again on demand: that is no lag.
_LAG: LiteralString = """
SELECT count(*) AS files,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY lag) AS median_seconds,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY lag) AS p95_seconds,
       max(lag) AS max_seconds
FROM (
    SELECT extract(epoch FROM processed_at - event_time)::float8 AS lag
    FROM processed_files
    WHERE processed_at > clock_timestamp() - interval '24 hours' AND event_time IS NOT NULL AND store <> 'file'
      AND NOT (version > 1 AND EXISTS (
          SELECT FROM file_events e
          WHERE e.file_id = processed_files.id AND e.event = 'completed'
            AND e.version < processed_files.version AND e.at > processed_files.event_time
      ))
) AS recent
"""
_OLDEST_UNFINISHED: LiteralString = f"""
SELECT {RECORD} FROM processed_files
WHERE coalesce(lease_expires_at, next_attempt_at) < 'infinity'
ORDER BY greatest(created_at, event_time) LIMIT 1
"""
_NEWEST_FAILURES: LiteralString = f"""
SELECT {RECORD} FROM processed_files WHERE status = 'FAILED' AND ignored_at IS NULL
ORDER BY updated_at DESC LIMIT %(limit)s
"""
_LONGEST_FAILING: LiteralString = f"""
SELECT {RECORD} FROM processed_files
WHERE failing_since IS NOT NULL AND NOT (status = 'FAILED' AND error_kind = 'permanent')
ORDER BY failing_since LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class StateCount:
    """`error_kind` is None unless the state is FAILED."""

    status: str
    error_kind: str | None
    files: int
    rows_loaded: int
    rows_rejected: int
    rows_dropped: int
    files_with_rejects: int
    need_person: int
    ignored: int


@dataclass(frozen=True, slots=True)
class Throughput:
    """What was completed in the last `hours`."""

    hours: int
    files: int
    rows: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class Lag:
    """From an object's upload to the commit of its last chunk, over the last 24 hours; None without any."""

    files: int
    median_seconds: float | None
    p95_seconds: float | None
    max_seconds: float | None


@dataclass(frozen=True, slots=True)
class Overview:
    """`needs_person` and `newest_failures` hold at most ten files each; the counts are all.

    `longest_failing` is tried again by itself, but has failed ever since its `failing_since`.
    """

    needs_person: list[FileRecord]
    need_person: int
    states: list[StateCount]
    throughput: list[Throughput]
    lag: Lag
    ignored: int
    oldest_unfinished: FileRecord | None
    longest_failing: FileRecord | None
    newest_failures: list[FileRecord]
    rows_loaded: int
    rows_rejected: int
    rows_dropped: int
    files_with_rejects: int


def read_overview(connection: Connection) -> Overview:
    """The state of the whole service. It reads the whole ledger once, and otherwise only what it returns."""
    parameters: dict[str, object] = {"limit": SHOWN_FILES}
    with connection.cursor(row_factory=class_row(StateCount)) as cursor:
        states = cursor.execute(_STATES, parameters).fetchall()
    with connection.cursor(row_factory=class_row(Throughput)) as cursor:
        throughput = [
            row
            for hours in (1, 24)
            if (row := cursor.execute(_THROUGHPUT, {"hours": hours}).fetchone()) is not None
        ]
    with connection.cursor(row_factory=class_row(Lag)) as cursor:
        lag = cursor.execute(_LAG).fetchone()
    return Overview(
        needs_person=records(connection, _NEEDS_PERSON, parameters),
        need_person=sum(state.need_person for state in states),
        states=states,
        throughput=throughput,
        lag=lag or Lag(0, None, None, None),
        ignored=sum(state.ignored for state in states),
        oldest_unfinished=next(iter(records(connection, _OLDEST_UNFINISHED, parameters)), None),
        longest_failing=next(iter(records(connection, _LONGEST_FAILING, parameters)), None),
        newest_failures=records(connection, _NEWEST_FAILURES, parameters),
        rows_loaded=sum(state.rows_loaded for state in states),
        rows_rejected=sum(state.rows_rejected for state in states),
        rows_dropped=sum(state.rows_dropped for state in states),
        files_with_rejects=sum(state.files_with_rejects for state in states),
    )
