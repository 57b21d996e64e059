"""A row of the ledger as its statements give it back: which bytes it speaks of, and how far they are loaded."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import LiteralString

from ingestor.model.source_file import SourceFile, Store

CLAIM_COLUMNS: LiteralString = """
    id AS file_id, version, store, bucket, s3_key, etag, version_id, size_bytes, event_time AS uploaded_at,
    checkpoint, checkpoint_offset, rows_loaded, rows_rejected, rows_dropped, accept_rejects, announcements,
    unknown_fields, pipeline, pipeline_voids, created_at AS known_since
"""

# A file from its first entry again, whatever the reason: nothing is loaded, and nothing was read in any way.
FROM_THE_FIRST_ENTRY: LiteralString = """
    checkpoint = 0, checkpoint_offset = 0, rows_loaded = 0, rows_rejected = 0, rows_dropped = 0, unknown_fields = 0,
    format = NULL, format_reason = NULL, pipeline = NULL, first_log_at = NULL, last_log_at = NULL
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to load a file, as long as the row's version is this one and the lease is renewed in time.

    `announcements`: how often another object version had been announced when the file was claimed. `pipeline` is the
    fingerprint of what the rows so far came through, and `pipeline_voids` how often another one has voided them.
    """

    file_id: int
    version: int
    file: SourceFile
    checkpoint: int
    checkpoint_offset: int
    rows_loaded: int
    rows_rejected: int
    rows_dropped: int
    accept_rejects: bool
    announcements: int
    unknown_fields: int
    pipeline: str | None
    pipeline_voids: int


@dataclass(frozen=True, slots=True)
class FileColumns:
    """The columns of a row that say which bytes it speaks of."""

    store: str
    bucket: str
    s3_key: str
    etag: str | None
    version_id: str | None
    size_bytes: int | None
    uploaded_at: datetime | None

    @property
    def file(self) -> SourceFile:
        return SourceFile(
            self.bucket,
            self.s3_key,
            self.etag,
            self.version_id,
            self.size_bytes,
            self.uploaded_at,
            Store(self.store),
        )


@dataclass(frozen=True, slots=True)
class ClaimRow(FileColumns):
    """A row of CLAIM_COLUMNS."""

    file_id: int
    version: int
    checkpoint: int
    checkpoint_offset: int
    rows_loaded: int
    rows_rejected: int
    rows_dropped: int
    accept_rejects: bool
    announcements: int
    unknown_fields: int
    pipeline: str | None
    pipeline_voids: int
    known_since: datetime

    @property
    def claim(self) -> Claim:
        return Claim(
            file_id=self.file_id,
            version=self.version,
            file=replace(self.file, known_since=self.known_since),
            checkpoint=self.checkpoint,
            checkpoint_offset=self.checkpoint_offset,
            rows_loaded=self.rows_loaded,
            rows_rejected=self.rows_rejected,
            rows_dropped=self.rows_dropped,
            accept_rejects=self.accept_rejects,
            announcements=self.announcements,
            unknown_fields=self.unknown_fields,
            pipeline=self.pipeline,
            pipeline_voids=self.pipeline_voids,
        )
