"""`[[test]]` of `ingestor.toml`: an input, and what must become of its entries. `ingestor try --test` runs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingestor.model.columns import COLUMNS
from ingestor.routing.toml_table import Table, did_you_mean

REJECTED, DROPPED, ABSENT = "rejected", "dropped", "absent"
_NOT_COMPARED = {"id", "file_id", "ordinal"}
EXPECTED_NAMES = (
    *(str(column.name) for column in COLUMNS if column.name not in _NOT_COMPARED), REJECTED, DROPPED, ABSENT,
)  # fmt: skip
"""Of one entry: columns with their values, columns that it leaves empty, or a part of why it is no row."""


@dataclass(frozen=True, slots=True)
class GoldenTest:
    """`content` None: the input is in `file`. `expected` has one table for each entry; `format` None: any will do."""

    name: str
    line: int
    bucket: str
    key: str
    content: bytes | None
    file: Path | None
    format: str | None
    expected: tuple[Mapping[str, Any], ...]
    uploaded_at: datetime | None


def read_golden_test(table: Table, folder: Path) -> GoldenTest:
    text, file = table.text("input"), table.text("file")
    if ("input" in table.values) is ("file" in table.values):
        table.mistake(None, "give either `input` or `file`: what is to be read")
    key = table.text("key")
    test = GoldenTest(
        name=table.text("name") or key or file or f"of line {table.line}",
        line=table.line,
        bucket=table.text("bucket") or "",
        key=key or "",
        content=None if text is None else text.encode(),
        file=None if file is None else folder / file,
        format=table.text("format"),
        expected=tuple(_expected(table)),
        uploaded_at=_moment(table),
    )
    table.refuse_others()
    return test


def _expected(table: Table) -> list[Mapping[str, Any]]:
    given = table.raw("expect")
    if isinstance(given, list) and all(isinstance(each, dict) for each in given):
        for name in {name: None for each in given for name in each}:
            if name not in EXPECTED_NAMES:
                table.mistake("expect", f"`{name}` is not a column{did_you_mean(name, EXPECTED_NAMES)}")
        return given
    table.mistake("expect", '`expect` must be an array of tables, one for each entry: [{ level = "info" }]')
    return []


def _moment(table: Table) -> datetime | None:
    value = table.raw("uploaded_at")
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if value is not None:
        table.mistake("uploaded_at", "`uploaded_at` must be a time: 2026-11-23T12:00:00Z")
    return None
