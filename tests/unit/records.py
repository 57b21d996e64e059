"""An entry as a row, and as a reason for none."""

from typing import Any

import msgspec

from ingestor.formats.json.mapping import LogRecords, Unusable
from ingestor.model.columns import COLUMNS

RECORDS = LogRecords(file_id=7, bucket="logs", key="a.json.gz", object_version="e1")
NOON = "2026-11-23T12:00:00.5Z"
NOON_US = 848_750_400_500_000


def row_of(entry: object, ordinal: int = 3) -> dict[str, Any]:
    text = entry if isinstance(entry, bytes) else msgspec.json.encode(entry)
    row = RECORDS.row_of(text, ordinal)
    assert not isinstance(row, Unusable), row.reason
    return dict(zip((column.name for column in COLUMNS), row, strict=True))


def reason_for(text: bytes) -> str:
    row = RECORDS.row_of(text, 0)
    assert isinstance(row, Unusable), row
    return row.reason
