"""A store: a folder whose folders are buckets. What reads it holds one version of a file, or says that it changed.

`FolderStore(folder)` goes where `bootstrap.store` gives S3's.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ingestor.deadline import Deadline
from ingestor.errors import ObjectSupersededError, SourceMissingError, SourceUnavailableError
from ingestor.model.source_file import ByteStream, SourceFile
from ingestor.sources import ListedLevel, ListedPage

PAGE = 1_000


class FolderStore:
    """An `ObjectStore`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def open(self, file: SourceFile, /) -> ByteStream:
        path = self._path(file)
        try:
            handle = path.open("rb")
        except FileNotFoundError:
            raise SourceMissingError(f"{path} is not there") from None
        except OSError as error:
            raise SourceUnavailableError(f"{path}: {error.strerror}") from error
        stream = _PinnedStream(file, handle)
        stream.check()
        return stream

    def current(self, file: SourceFile, /) -> SourceFile | None:
        path = self._path(file)
        try:
            return _listed(file.bucket, file.key, path.stat())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SourceUnavailableError(f"{path}: {error.strerror}") from error

    def page(
        self, bucket: str, prefix: str = "", *, start_after: str = "", token: str | None = None
    ) -> ListedPage:
        after = token or start_after
        keys = [key for key in self._keys(bucket) if key.startswith(prefix) and key > after]
        taken = keys[:PAGE]
        files = [self.current(SourceFile(bucket, key)) for key in taken]
        not_empty = tuple(file for file in files if file is not None and file.size_bytes)
        return ListedPage(not_empty, taken[-1] if taken else None, is_last=len(keys) <= PAGE)

    def level(self, bucket: str, prefix: str = "", *, start_after: str = "") -> ListedLevel:
        below = [key.removeprefix(prefix) for key in self._keys(bucket) if key.startswith(prefix)]
        names = {prefix + rest.split("/")[0] + ("/" if "/" in rest else "") for rest in below}
        entries = sorted(name for name in names if name > start_after)
        return ListedLevel(tuple(entries[:PAGE]), is_last=len(entries) <= PAGE)

    def answers(self, bucket: str, /) -> bool:
        return (self._folder / bucket).is_dir()

    def end_with(self, deadline: Deadline, /) -> None:
        """A file of this machine keeps nobody waiting."""

    def _path(self, file: SourceFile) -> Path:
        """A key comes from a message, and may name no file outside the bucket's folder."""
        path = (self._folder / file.bucket / file.key).resolve()
        if not path.is_relative_to(self._folder / file.bucket):
            raise SourceMissingError(f"{file.uri} is not in the folder of its bucket")
        return path

    def _keys(self, bucket: str) -> list[str]:
        top = self._folder / bucket
        if not top.is_dir():
            raise SourceMissingError(f"there is no bucket {bucket}")
        return sorted(_keys_below(top))


class _PinnedStream:
    def __init__(self, file: SourceFile, handle: BinaryIO) -> None:
        self._file = file
        self._handle = handle

    def read(self, size: int, /) -> bytes:
        data = self._handle.read(size)
        if not data:
            self.check()
        return data

    def close(self) -> None:
        self._handle.close()

    def check(self) -> None:
        if _version(os.fstat(self._handle.fileno())) != self._file.etag:
            self.close()
            raise ObjectSupersededError(f"{self._file.uri} changed since its loading began")


def _keys_below(top: Path) -> Iterator[str]:
    for path in top.rglob("*"):
        if path.is_file():
            yield path.relative_to(top).as_posix()


def _listed(bucket: str, key: str, found: os.stat_result) -> SourceFile:
    uploaded_at = datetime.fromtimestamp(found.st_mtime, UTC)
    return SourceFile(bucket, key, _version(found), None, found.st_size, uploaded_at)


def _version(found: os.stat_result) -> str:
    """What tells one version from the next; other bytes of the same size, written later, have another."""
    return f"{found.st_mtime_ns}-{found.st_size}"
