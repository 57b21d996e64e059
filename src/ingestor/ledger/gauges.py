"""The numbers behind the sweeper's metrics. Each is read from an index: five million completed files cost nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row

from ingestor.database import Connection

# < 'infinity', not IS NOT NULL: only a comparison uses the index' statistics, which say that unfinished files are few.
_GAUGES: LiteralString = """
WITH unfinished AS MATERIALIZED (
    SELECT status, lease_expires_at, failing_since, coalesce(event_time, created_at) AS since
    FROM processed_files
    WHERE coalesce(lease_expires_at, next_attempt_at) < 'infinity' AND store <> 'file'
), recent AS (
    SELECT extract(epoch FROM processed_at - event_time)::float8 AS lag
    FROM processed_files
    WHERE processed_at > statement_timestamp() - interval '1 hour' AND event_time IS NOT NULL AND store <> 'file'
      AND NOT (version > 1 AND EXISTS (  -- loaded again on demand: that is no lag
          SELECT FROM file_events e
          WHERE e.file_id = processed_files.id AND e.event = 'completed'
            AND e.version < processed_files.version AND e.at > processed_files.event_time
      ))
)
SELECT
    count(*) FILTER (WHERE status = 'PENDING') AS pending,
    count(*) FILTER (WHERE status = 'PROCESSING') AS processing,
    count(*) FILTER (WHERE status = 'FAILED') AS failing,
    count(*) FILTER (WHERE status = 'PROCESSING' AND lease_expires_at <= statement_timestamp()) AS stuck,
    coalesce(extract(epoch FROM statement_timestamp() - min(since)), 0)::float8 AS oldest_unfinished_seconds,
    coalesce(extract(epoch FROM statement_timestamp() - min(failing_since)), 0)::float8 AS oldest_failure_seconds,
    (SELECT count(*) FROM processed_files
     WHERE status = 'FAILED' AND error_kind = 'permanent' AND ignored_at IS NULL) AS failed_for_good,
    (SELECT complete_up_to FROM freshness) AS complete_up_to,
    (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY lag) FROM recent) AS lag_median_seconds,
    (SELECT max(lag) FROM recent) AS lag_max_seconds
FROM unfinished
"""


@dataclass(frozen=True, slots=True)
class LedgerGauges:
    """Counts and ages of files, without local ones. `failing` are transient failures; `stuck` ones wait for a sweep.

    The lags, from upload to the last commit, are of the last hour; None without any.
    """

    pending: int
    processing: int
    failing: int
    stuck: int
    oldest_unfinished_seconds: float
    oldest_failure_seconds: float
    failed_for_good: int
    complete_up_to: datetime
    lag_median_seconds: float | None
    lag_max_seconds: float | None


def read_ledger_gauges(connection: Connection) -> LedgerGauges:
    with connection.cursor(row_factory=class_row(LedgerGauges)) as cursor:
        row = cursor.execute(_GAUGES).fetchone()
    if row is None:
        raise AssertionError("an aggregate without GROUP BY is one row")
    return row
