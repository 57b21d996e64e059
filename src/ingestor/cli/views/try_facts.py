"""What `ingestor try` has found out about a file, as a program reads it."""

from dataclasses import dataclass
from typing import Any, assert_never

from ingestor.model.columns import COLUMNS, Row
from ingestor.model.instants import datetime_of
from ingestor.routing import Pipeline, Skip
from ingestor.tryout import Tryout
from ingestor.tryout.tally import LostEntries, Tally

_POSITIONS = {str(column.name): position for position, column in enumerate(COLUMNS)}
_TIMES = {column.name for column in COLUMNS if column.postgres_type == "timestamp with time zone"}
_JSON_TYPES = {"json", "jsonb"}


@dataclass(frozen=True, slots=True)
class TriedFile:
    """`name` as it was given. `tryout` None: it could not be opened, as `error` says."""

    name: str
    tryout: Tryout | None
    error: str | None
    max_reject_ratio: float

    @property
    def is_good(self) -> bool:
        return self.error is None and not (self.tryout and self.tryout.tally.rejected.count)

    @property
    def would_fail(self) -> bool:
        """A load of it ends with too many rejected entries."""
        tally = self.tryout.tally if self.tryout else None
        return tally is not None and tally.rejected.count > tally.entries * self.max_reject_ratio


def format_of(tryout: Tryout) -> str | None:
    match tryout.route:
        case None:
            return None
        case Skip():
            return "skip"
        case Pipeline(format=entry_format):
            return entry_format.name
        case _:
            assert_never(tryout.route)


def tried_facts(tried: TriedFile) -> dict[str, Any]:
    tryout = tried.tryout
    facts: dict[str, Any] = {"file": tried.name, "error": tried.error}
    if tryout is None:
        return facts
    route = tryout.route
    unmapped = tryout.unmapped.counts.most_common() if tryout.unmapped else []
    return (
        facts
        | {
            "format": format_of(tryout),
            "format_reason": route.reason if route else None,
            "pipeline": route.fingerprint if isinstance(route, Pipeline) else None,
            "compression": tryout.compression,
            "stored_bytes": tryout.stored_bytes,
            "uncompressed_bytes": tryout.uncompressed_bytes,
            "seconds": round(tryout.seconds, 3),
            "would_fail": tried.would_fail,
        }
        | _entry_facts(tryout.tally)
        | {
            "unmapped_fields": {".".join(path): number for path, number in unmapped},
            "suggestion": tryout.suggestion.lines if tryout.suggestion else [],
        }
    )


def _entry_facts(tally: Tally) -> dict[str, Any]:
    return {
        "entries": tally.entries,
        "rows": tally.rows,
        "rejected": tally.rejected.count,
        "dropped": tally.dropped.count,
        "repaired": tally.repaired,
        "unknown_fields": tally.unknown_fields,
        "first_log_at": None if tally.first_log is None else datetime_of(tally.first_log),
        "last_log_at": None if tally.last_log is None else datetime_of(tally.last_log),
        "first_rows": [row_facts(row) for row in tally.first_rows],
        "rejected_by_reason": dict(tally.rejected.reasons.most_common()),
        "first_rejected": _lost_facts(tally.rejected),
        "dropped_by_reason": dict(tally.dropped.reasons.most_common()),
        "first_dropped": _lost_facts(tally.dropped),
    }


def _lost_facts(lost: LostEntries) -> list[dict[str, object]]:
    return [
        {
            "ordinal": each.ordinal,
            "byte_offset": each.byte_offset,
            "reason": each.reason,
            "content": each.content.decode("utf-8", "replace"),
        }
        for each in lost.first
    ]


def row_facts(row: Row) -> dict[str, object]:
    """The columns that it has, by their names, as JSON shows them; without those that say whose row it is."""
    return {
        column.name: readable_value(column.name, value)
        for column, value in zip(COLUMNS, row, strict=True)
        if value is not None and column.name not in {"id", "file_id", "ordinal"}
    }


def readable_value(column: str, value: Any) -> object:  # noqa: ANN401 - of any column
    if column in _TIMES:
        return datetime_of(value)
    if COLUMNS[_POSITIONS[column]].postgres_type in _JSON_TYPES:
        return bytes(value).removeprefix(b"\x01").decode("utf-8", "replace")
    return value
