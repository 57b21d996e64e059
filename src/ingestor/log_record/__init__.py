"""What an entry becomes: the columns of `logs`, and the mapping of one entry's JSON to one row."""

from ingestor.log_record.columns import (
    COLUMNS,
    COPY_TYPES,
    TIMESTAMP_POSITION,
    Column,
    Row,
)
from ingestor.log_record.instants import datetime_of
from ingestor.log_record.jsonb import with_acceptable_jsonb, without_jsonb
from ingestor.log_record.mapping import LogRecords, Unusable

__all__ = [
    "COLUMNS",
    "COPY_TYPES",
    "TIMESTAMP_POSITION",
    "Column",
    "LogRecords",
    "Row",
    "Unusable",
    "datetime_of",
    "with_acceptable_jsonb",
    "without_jsonb",
]
