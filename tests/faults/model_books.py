"""What must be true: of every state that anybody could see, and of the one that is left when all has settled."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from psycopg.rows import class_row
from tests.faults.model_content import Kind, ModelContent, ModelEntry, raw_data_of
from tests.faults.model_postgres import ModelPostgres
from tests.faults.model_s3 import BUCKET, Version
from tests.faults.model_service import LEASE_SECONDS, MAX_ATTEMPTS, Service

from ingestor import notifications as notification
from ingestor.errors import NotificationError
from ingestor.settings import OnOverwrite

_FILES = """
SELECT id, s3_key AS key, status, version, etag, checkpoint, rows_loaded, rows_rejected, error, error_kind,
       next_etag IS NOT NULL AS newer_waits,
       coalesce(lease_expires_at, next_attempt_at) IS NOT NULL AS waits,
       lease_expires_at > clock_timestamp() + make_interval(secs => %(lease)s) AS lease_is_too_long,
       (SELECT count(*) FROM logs WHERE file_id = f.id) AS rows,
       (SELECT count(*) FROM rejected_entries WHERE file_id = f.id) AS rejected
FROM processed_files f ORDER BY id
"""
_ENTRIES = """
SELECT l.ordinal, l.raw_data::text AS row, NULL::bytea AS rejected, o.raw AS original
FROM logs l LEFT JOIN raw_originals o USING (file_id, ordinal) WHERE l.file_id = %(file_id)s
UNION ALL
SELECT ordinal, NULL, raw, NULL FROM rejected_entries WHERE file_id = %(file_id)s
ORDER BY ordinal
"""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row of the ledger; `rows` and `rejected` are counted where they are."""

    id: int
    key: str
    status: str
    version: int
    etag: str | None
    checkpoint: int
    rows_loaded: int
    rows_rejected: int
    error: str | None
    error_kind: str | None
    newer_waits: bool
    waits: bool
    lease_is_too_long: bool | None
    rows: int
    rejected: int


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """What became of one entry, as the tables have it."""

    ordinal: int
    row: str | None
    rejected: bytes | None
    original: bytes | None


class Books:
    """`contents`: of every body that was ever uploaded."""

    def __init__(self, service: Service) -> None:
        self.contents: dict[bytes, ModelContent] = {}
        self._service = service
        self._postgres: ModelPostgres = service.schedule.postgres

    def files(self) -> list[FileRow] | None:
        """None: somebody holds a table that would have to be read."""
        return self._postgres.read(class_row(FileRow), _FILES, {"lease": LEASE_SECONDS + 1})

    def check_always(self) -> None:
        """Each transaction leaves the rows and the ledger in agreement, and no claim longer than its lease."""
        for file in self.files() or []:
            assert "unexpected" not in (file.error or ""), (
                f"{file.key} failed as nobody expected: {file.error}"
            )
            assert not file.lease_is_too_long, f"{file.key} is held for longer than LEASE_SECONDS: {file}"
            assert file.rows_loaded + file.rows_rejected == file.checkpoint, file
            assert file.rejected == file.rows_rejected, file
            if self._service.settings.retention_days is None:
                assert file.rows == file.rows_loaded, f"{file.rows} rows where the ledger has {file}"

    def check_settled(self) -> None:
        """Nothing waits, nothing was forgotten, and every entry is where it belongs, once."""
        files = {file.key: file for file in self.files() or []}
        for key in self._service.s3.uploads:
            if self._service.s3.newest(key) is not None:
                assert key in files, f"{key} was forgotten"
        for file in files.values():
            assert file.status in {"COMPLETED", "FAILED"}, f"never ended: {file}"
            assert not file.waits, f"still waits: {file}"
            assert not file.newer_waits, f"a newer version still waits: {file}"
            assert file.status == "COMPLETED" or file.error_kind == "permanent", file
            self._check_file(file)
        self._check_dead_letters(files)

    def _check_file(self, file: FileRow) -> None:
        wanted = list(self._wanted_versions(file))
        if file.status == "FAILED":
            reason = self._good_reason(file, wanted)
            assert reason, f"failed without a good reason: {file}"
        contents = [self.contents[version.body] for version in wanted]
        if file.status == "COMPLETED":
            contents = [
                each for each in contents if not each.is_corrupt and len(each.entries) == file.checkpoint
            ]
        stored = self._stored(file)
        if file.checkpoint or file.status == "COMPLETED":
            assert any(self._is_stored(stored, content.entries[: file.checkpoint]) for content in contents), (
                f"{file}\nholds {stored}\nwanted {contents}"
            )
        else:
            assert not stored, f"{file}\nholds {stored}"

    def _wanted_versions(self, file: FileRow) -> Iterator[Version]:
        """Those whose entries may be loaded: of an object that is there still and may be replaced, the current one."""
        s3 = self._service.s3
        newest = s3.newest(file.key)
        if newest is not None and (
            self._service.settings.on_overwrite is OnOverwrite.REPLACE or file.status == "FAILED"
        ):
            yield newest
            return
        for version in s3.versions(file.key):
            if file.etag in {version.file.etag, None} and (file.key, version.file.etag) in s3.rightly_opened:
                yield version

    def _good_reason(self, file: FileRow, wanted: list[Version]) -> str | None:
        """Why a file may fail for good."""
        if self._service.s3.newest(file.key) is None:
            return "the object is gone"
        if any(self.contents[version.body].is_corrupt for version in wanted):
            return "the object is corrupt"
        if self._service.schedule.deaths >= MAX_ATTEMPTS and "worn out" in (file.error or ""):
            return "so many workers died"
        return None

    def _stored(self, file: FileRow) -> list[StoredEntry]:
        stored = self._postgres.read(class_row(StoredEntry), _ENTRIES, {"file_id": file.id})
        assert stored is not None, "somebody still holds the tables"
        return stored

    def _is_stored(self, stored: list[StoredEntry], entries: tuple[ModelEntry, ...]) -> bool:
        """Each entry once, apart from rows that retention may have taken."""
        expected = [stored_as(ordinal, entry) for ordinal, entry in enumerate(entries)]
        expired = {ordinal for ordinal, entry in enumerate(entries) if self._is_expired(entry)}
        return sorted(stored, key=lambda each: each.ordinal) == [
            each for each in expected if each.ordinal not in expired or each in stored
        ]

    def _is_expired(self, entry: ModelEntry) -> bool:
        days = self._service.settings.retention_days
        return (
            days is not None
            and entry.kind is not Kind.REJECTED
            and entry.when.value < self._postgres.now - timedelta(days=days)
        )

    def _check_dead_letters(self, files: dict[str, FileRow]) -> None:
        """Only what needs a person is left."""
        for letter in self._service.dead_letters.messages.values():
            try:
                named = notification.parse(letter.body, buckets=frozenset({BUCKET}))
            except NotificationError:
                continue
            assert not named or any(files[each.key].status == "FAILED" for each in named), (
                f"a dead letter that nobody needs: {letter}"
            )


def stored_as(ordinal: int, entry: ModelEntry) -> StoredEntry:
    match entry.kind:
        case Kind.PLAIN:
            return StoredEntry(ordinal, raw_data_of(entry), None, None)
        case Kind.REPAIRED:
            return StoredEntry(ordinal, raw_data_of(entry), None, entry.raw)
        case Kind.REJECTED:
            return StoredEntry(ordinal, None, entry.raw, None)
