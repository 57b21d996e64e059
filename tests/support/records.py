"""An entry as a row, and as a reason for none."""

from typing import Any

import msgspec

from ingestor.formats.json.mapping import JsonMapper
from ingestor.model.columns import COLUMNS
from ingestor.model.rows import Rejection, RowOrigin

RECORDS = JsonMapper(RowOrigin(7, "logs", "a.json.gz", "e1", None))
NOON = "2026-11-23T12:00:00.5Z"
NOON_US = 848_750_400_500_000
NO_TIME = (
    "no time in the entry: looked for timestamp, time, @timestamp, ts, @t, Timestamp, date, datetime, asctime, "
    "eventTime, receiveTimestamp, timeMillis"
)


def row_of(entry: object, ordinal: int = 3) -> dict[str, Any]:
    text = entry if isinstance(entry, bytes) else msgspec.json.encode(entry)
    row = RECORDS.row_of(text, ordinal)
    assert isinstance(row, tuple), row
    return dict(zip((column.name for column in COLUMNS), row, strict=True))


def reason_for(text: bytes) -> str:
    row = RECORDS.row_of(text, 0)
    assert isinstance(row, Rejection), row
    return row.reason
