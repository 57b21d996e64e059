"""One key of a bucket, in memory: overwritten, deleted and read as S3 does it, one step at a time."""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ingestor.errors import ObjectSupersededError, SourceMissingError
from ingestor.model.source_file import SourceFile

BUCKET, KEY = "logs", "app.json"
BROKEN = "X"
"""The contents that no reader understands; any other letter is a file of five entries."""
ENTRIES = 5
FIRST_UPLOAD = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True)
class Upload:
    """One upload. The same letter again is the same bytes, and so the same ETag."""

    letter: str
    number: int
    version_id: str | None

    @property
    def etag(self) -> str:
        return hashlib.md5(self.bytes, usedforsecurity=False).hexdigest()

    @property
    def uploaded_at(self) -> datetime:
        return FIRST_UPLOAD + timedelta(minutes=self.number)

    @property
    def bytes(self) -> bytes:
        lines = [json.dumps({"time": 1795432855268 + n, "msg": f"{self.letter}{n}"}) for n in range(ENTRIES)]
        text = f"[{','.join(lines)}]" if self.letter != BROKEN else f"[{','.join(lines[:3])}"
        return text.encode()

    @property
    def listed(self) -> SourceFile:
        """As HEAD tells it: in whole seconds, and earlier than the notification."""
        return SourceFile(BUCKET, KEY, self.etag, self.version_id, len(self.bytes), self.uploaded_at)

    def notification(self, *, with_etag: bool) -> SourceFile:
        at = self.uploaded_at + timedelta(seconds=0.7)
        etag = self.etag if with_etag else None
        return SourceFile(BUCKET, KEY, etag, self.version_id, len(self.bytes), at)


class _Body(io.BytesIO):
    def __init__(self, stored: Upload, read: list[str]) -> None:
        super().__init__(stored.bytes)
        self._name = f"{stored.letter} of upload {stored.number}"
        self._read = read

    def read(self, size: int | None = -1, /) -> bytes:
        self._read.append(self._name)
        return super().read(size)


@dataclass
class VersionedKey:
    """A `Source`. `step` is called where others may come between: before each request, and after its answer."""

    is_versioned: bool
    step: Callable[[], None] = lambda: None
    uploads: list[Upload] = field(default_factory=list)
    current_upload: Upload | None = None
    kept: dict[str, Upload] = field(default_factory=dict)
    outdated: list[str] = field(default_factory=list)
    """What was read though the key held something else when it was opened."""

    def upload(self, letter: str) -> Upload:
        number = len(self.uploads) + 1
        stored = Upload(letter, number, f"v{number}" if self.is_versioned else None)
        self.uploads.append(stored)
        self.current_upload = stored
        if stored.version_id:
            self.kept[stored.version_id] = stored
        return stored

    def delete(self) -> None:
        """In a versioned bucket a marker: the versions stay."""
        self.current_upload = None

    def purge(self) -> None:
        """All but the current version, as a lifecycle rule does."""
        self.kept = {name: each for name, each in self.kept.items() if each is self.current_upload}

    def open(self, file: SourceFile, /) -> io.BytesIO:
        self.step()
        stored = self.kept.get(file.version_id) if file.version_id else self.current_upload
        if stored is None and file.version_id:
            raise ObjectSupersededError(f"{file.uri}: version {file.version_id} is gone")
        if stored is None:
            raise SourceMissingError(f"{file.uri}: no such key")
        if file.etag not in {None, stored.etag}:
            raise ObjectSupersededError(f"{file.uri}: {file.etag} was overwritten")
        current = self.current_upload
        is_outdated = current is not None and current.etag != stored.etag
        self.step()
        return _Body(stored, self.outdated if is_outdated else [])

    def current(self, _file: SourceFile, /) -> SourceFile | None:
        self.step()
        found = self.current_upload
        self.step()
        return None if found is None else found.listed
