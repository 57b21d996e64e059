"""Routing: which format, processors and rules a file's entries come through, and why.

A `Router` decides by the object's name where it can, and else by the file's first bytes. Its decision is the same
whenever the same file is tried again under the same configuration; the fingerprint tells another one.

configuration   `ingestor.toml` as a whole; `configuration_file` finds it, `toml_table` and `toml_lines` read it
rules           one rule after the other; `condition` says which objects a rule is for
detection       where no rule says so: by keys that AWS writes, or by the file's head
*_options       what a rule says, read from its table
golden_test     `[[test]]` tables, which `ingestor try --test` runs
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ingestor.formats import Format
from ingestor.model.instants import microseconds_from
from ingestor.model.rows import RowOrigin
from ingestor.model.source_file import SourceFile

__all__ = ["SKIPPED", "After", "Pipeline", "Router", "Skip", "always"]


class After(StrEnum):
    """What is done to an object once it is COMPLETED, without a rejected entry or a newer object version waiting."""

    KEEP = "keep"
    TAG = "tag"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """How a file's bytes become rows.

    `fingerprint` names everything that decides them (`processed_files.pipeline`). `reason` says why this format was
    chosen (`processed_files.format_reason`). `falls_back_to_upload_time`: an entry without a time has the object's.
    """

    format: Format
    fingerprint: str
    reason: str
    falls_back_to_upload_time: bool = False
    after: After = After.KEEP

    def row_origin(self, file: SourceFile, file_id: int) -> RowOrigin:
        uploaded_at = None if file.uploaded_at is None else microseconds_from(file.uploaded_at)
        return RowOrigin(
            file_id=file_id,
            bucket=file.bucket,
            key=file.key,
            etag=file.etag,
            version_id=file.version_id,
            store=file.store,
            fallback_time=uploaded_at if self.falls_back_to_upload_time else None,
            uploaded_at=uploaded_at,
        )


SKIPPED = "skip"
"""`processed_files.format` of a file that a rule skips."""


@dataclass(frozen=True, slots=True)
class Skip:
    """No entry of the file is wanted: it completes without being read."""

    reason: str


class Router(Protocol):
    """Holds no state of a file: one object serves all."""

    def by_name(self, file: SourceFile, /) -> Pipeline | Skip | None:
        """None: the file's first bytes decide."""
        ...

    def by_head(self, file: SourceFile, head: bytes, /) -> Pipeline:
        """`head` is the file's first 64 KiB, uncompressed, or all of it. Asked where the name decided nothing."""
        ...


@dataclass(frozen=True, slots=True)
class _Always:
    pipeline: Pipeline

    def by_name(self, _file: SourceFile, /) -> Pipeline:
        return self.pipeline

    def by_head(self, _file: SourceFile, _head: bytes, /) -> Pipeline:
        return self.pipeline


def always(entry_format: Format, reason: str = "it is the only format") -> Router:
    """Every file is read in this format."""
    return _Always(Pipeline(entry_format, entry_format.name, reason))
