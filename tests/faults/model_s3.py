"""One bucket in memory, with S3's rules: versions, If-Match, listings in the order of keys, a clock of its own."""

import hashlib
import io
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.faults.model_process import Fate, before

from ingestor.errors import ObjectSupersededError, SourceMissingError, SourceUnavailableError
from ingestor.model.source_file import ByteStream, SourceFile
from ingestor.sources import ListedLevel, ListedPage
from ingestor.sources.s3 import S3Objects

BUCKET = "logs"
KEYS_IN_A_PAGE = 2


@dataclass(frozen=True, slots=True)
class Version:
    """Its bytes, and what a notification says of it."""

    file: SourceFile
    body: bytes


class ModelS3(S3Objects):
    """`now` is the model's clock, S3's is `clock_offset` from it. `uploads`: each key's versions, None a deletion.

    `rightly_opened`: keys and ETags of what was opened while its key held it, or held nothing any more.
    """

    def __init__(self, now: Callable[[], datetime], *, is_versioned: bool, clock_offset: timedelta) -> None:
        self._now = now
        self._is_versioned = is_versioned
        self._clock_offset = clock_offset
        self._numbers = itertools.count(1)
        self.uploads: dict[str, list[Version | None]] = {}
        self.rightly_opened: set[tuple[str, str | None]] = set()

    def put(self, key: str, body: bytes) -> SourceFile:
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        version_id = f"v{next(self._numbers)}" if self._is_versioned else None
        file = SourceFile(BUCKET, key, etag, version_id, len(body), self._now() + self._clock_offset)
        self.uploads.setdefault(key, []).append(Version(file, body))
        return file

    def delete(self, key: str) -> None:
        if self.newest(key) is not None:
            self.uploads[key].append(None)

    def newest(self, key: str) -> Version | None:
        return (self.uploads.get(key) or [None])[-1]

    def versions(self, key: str) -> list[Version]:
        return [version for version in self.uploads.get(key, []) if version is not None]

    def open(self, file: SourceFile, /) -> ByteStream:  # type: ignore[override]  # any stream does
        _ask(file.uri, "GET")
        pinned, newest = self._pinned(file), self.newest(file.key)
        if newest is None or newest.file.etag == pinned.file.etag:
            self.rightly_opened.add((file.key, pinned.file.etag))
        return _Body(file.uri, pinned.body)

    def current(self, file: SourceFile, /) -> SourceFile | None:
        _ask(file.uri, "HEAD")
        newest = self.newest(file.key)
        return newest.file if newest else None

    def answers(self, bucket: str) -> bool:
        return before(f"HEAD s3://{bucket}") is Fate.GO_ON

    def page(
        self, bucket: str, prefix: str = "", *, start_after: str = "", token: str | None = None
    ) -> ListedPage:
        assert token is None, "none is ever given"
        _ask(f"s3://{bucket}/{prefix}", f"LIST after {start_after!r}")
        keys = self._keys(prefix, start_after)
        listed = [self.newest(key) for key in keys[:KEYS_IN_A_PAGE]]
        # A listing doesn't tell version ids.
        files = tuple(_without_version_id(version.file) for version in listed if version)
        return ListedPage(files, files[-1].key if files else None, is_last=len(keys) <= KEYS_IN_A_PAGE)

    def level(self, bucket: str, prefix: str = "", *, start_after: str = "") -> ListedLevel:
        _ask(f"s3://{bucket}/{prefix}", f"LIST folders after {start_after!r}")
        entries = {_first_folder(key, prefix) for key in self._keys(prefix, start_after)}
        return ListedLevel(tuple(sorted(entries)), is_last=True)

    def _keys(self, prefix: str, start_after: str) -> list[str]:
        existing = (key for key in self.uploads if self.newest(key) is not None)
        return sorted(key for key in existing if key.startswith(prefix) and key > start_after)

    def _pinned(self, file: SourceFile) -> Version:
        """As S3 answers a GET with If-Match and a version id."""
        if file.version_id is not None:
            found = next(
                (each for each in self.versions(file.key) if each.file.version_id == file.version_id), None
            )
        else:
            found = self.newest(file.key)
        if found is None and file.version_id is None:
            raise SourceMissingError(f"{file.uri}: no such key")
        if found is None or file.etag not in {None, found.file.etag}:
            raise ObjectSupersededError(f"{file.uri}: the version was overwritten or deleted")
        return found


class _Body(io.BytesIO):
    """Read in two halves: whoever opened a version reads it to its end, whatever is uploaded meanwhile."""

    def __init__(self, uri: str, body: bytes) -> None:
        super().__init__(body)
        self._uri = uri
        self._half = len(body) // 2 + 1

    def read(self, size: int | None = -1, /) -> bytes:
        _ask(self._uri, f"read at byte {self.tell()}")
        return super().read(min(size or 0, self._half))


def _ask(uri: str, verb: str) -> None:
    if before(f"{verb} {uri}") in {Fate.FAILS, Fate.VANISHES, Fate.ANSWER_IS_LOST}:
        raise SourceUnavailableError(f"{uri}: {verb} broke")


def _without_version_id(file: SourceFile) -> SourceFile:
    return SourceFile(file.bucket, file.key, file.etag, None, file.size_bytes, file.uploaded_at)


def _first_folder(key: str, prefix: str) -> str:
    folder, slash, _ = key.removeprefix(prefix).partition("/")
    return prefix + folder + slash
