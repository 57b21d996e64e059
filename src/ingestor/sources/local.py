"""Local files, with the same promise as S3's objects: what is read is one object version, or an error is raised."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

from ingestor.errors import (
    ObjectSupersededError,
    SourceMissingError,
    SourceUnavailableError,
    UnreadableError,
)
from ingestor.model.source_file import LOCAL_BUCKET, STANDARD_INPUT_KEY, ByteStream, SourceFile, Store

COPY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SpooledInput:
    """Standard input, kept in `path` for as long as it is needed."""

    file: SourceFile
    path: Path

    def keys_of_beginnings(self, sizes: Iterable[int]) -> Iterator[str]:
        """The key that each beginning of so many bytes would have. `sizes` ascend, and none is beyond the end."""
        digest, position = hashlib.sha256(), 0
        with self.path.open("rb") as copy:
            for size in sizes:
                while position < size:
                    data = copy.read(min(COPY_BYTES, size - position))
                    digest.update(data)
                    position += len(data)
                yield f"{STANDARD_INPUT_KEY}{digest.hexdigest()}"


class LocalFiles:
    """A `Source`. `elsewhere` says where the bytes of a key are, if not at the path that the key is."""

    def __init__(self, elsewhere: Mapping[str, Path] | None = None) -> None:
        self._elsewhere = dict(elsewhere or {})

    def open(self, file: SourceFile, /) -> ByteStream:
        path = self._elsewhere.get(file.key, Path(file.key))
        try:
            handle = path.open("rb")
        except OSError as error:
            raise _translated(path, error) from error
        stream = _LocalStream(file, handle, pinned=file.key not in self._elsewhere)
        stream.check()
        return stream

    def current(self, file: SourceFile, /) -> SourceFile | None:
        if file.key in self._elsewhere:
            return file
        try:
            return local_source_file(Path(file.key))
        except SourceMissingError:
            return None


class _LocalStream:
    def __init__(self, file: SourceFile, handle: BinaryIO, *, pinned: bool) -> None:
        self._file = file
        self._handle = handle
        self._pinned = pinned

    def read(self, size: int, /) -> bytes:
        """Raises ObjectSupersededError at the end of a file that grew or changed under the reader."""
        try:
            data = self._handle.read(size)
        except OSError as error:
            raise _translated(Path(self._file.key), error) from error
        if not data:
            self.check()
        return data

    def close(self) -> None:
        self._handle.close()

    def check(self) -> None:
        if self._pinned and _version(os.fstat(self._handle.fileno())) != self._file.etag:
            self.close()
            raise ObjectSupersededError(f"{self._file.key} changed since its loading began")


def local_source_file(path: Path) -> SourceFile:
    """The file as it is now; its key is the absolute path with symbolic links followed.

    So a file is one file by whatever name it is given, and a link moved to another file is another file.
    Raises SourceMissingError for no file and for a folder, SourceUnavailableError where we may not look, and
    UnreadableError for a pipe, a device, or a path that is no UTF-8.
    """
    try:
        target = path.resolve(strict=True)
        found = target.stat()
    except (OSError, ValueError) as error:
        raise _translated(path.absolute(), error) from error
    if stat.S_ISDIR(found.st_mode):
        raise SourceMissingError(f"{path} is a folder; name its files, e.g. {path / '*.gz'}")
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableError(f"{path} is not a regular file; pipe it in: ingestor local - < {path}")
    return SourceFile(
        bucket=LOCAL_BUCKET,
        key=_storable(str(target)),
        etag=_version(found),
        size_bytes=found.st_size,
        uploaded_at=datetime.fromtimestamp(found.st_mtime, UTC),
        store=Store.FILE,
    )


@contextmanager
def spooled_standard_input(stream: BinaryIO, folder: Path | None = None) -> Iterator[SpooledInput]:
    """Copies the stream to a temporary file: its hash is its name, so the same input piped twice is one file.

    `folder` None: the system's folder for temporary files. Only this user may read the copy, and it is gone at the
    end. Raises SourceUnavailableError when the stream breaks or the disk is full.
    """
    try:
        # Closed before it is read: an open file can't be opened again on Windows, and closing may find the disk full.
        spool = tempfile.NamedTemporaryFile(  # noqa: SIM115 - entered below, where the caller's errors are its own
            prefix="ingestor-", dir=folder, delete_on_close=False
        )
    except OSError as error:
        raise _not_spooled(folder, error) from error
    with spool:
        try:
            copied = _copy(stream, spool)
            spool.close()
        except OSError as error:
            raise _not_spooled(folder, error) from error
        key = f"{STANDARD_INPUT_KEY}{copied.digest}"
        yield SpooledInput(
            SourceFile(
                LOCAL_BUCKET,
                key,
                etag=copied.digest,
                size_bytes=copied.size,
                uploaded_at=datetime.now(UTC),
                store=Store.FILE,
            ),
            Path(spool.name),
        )


@dataclass(frozen=True, slots=True)
class _Copied:
    digest: str
    size: int


def _copy(stream: BinaryIO, spool: IO[bytes]) -> _Copied:
    digest, size = hashlib.sha256(), 0
    while data := stream.read(COPY_BYTES):
        digest.update(data)
        size += len(data)
        spool.write(data)
    return _Copied(digest.hexdigest(), size)


def _version(found: os.stat_result) -> str:
    return f"{found.st_size:x}-{found.st_mtime_ns:x}"


def _storable(key: str) -> str:
    # Linux allows any bytes in a name; Python shows those that are no UTF-8 as lone surrogates.
    try:
        key.encode()
    except UnicodeEncodeError:
        raise UnreadableError(f"{key!r}: its path is not UTF-8; rename it, or pipe it in: `-`") from None
    return key


def _not_spooled(folder: Path | None, error: OSError) -> SourceUnavailableError:
    where = folder or f"{tempfile.gettempdir()} (TMPDIR)"
    return SourceUnavailableError(f"standard input could not be copied to {where}: {error.strerror or error}")


def _translated(path: Path, error: OSError | ValueError) -> SourceMissingError | SourceUnavailableError:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return SourceMissingError(f"{path}: no such file")
        case IsADirectoryError():
            return SourceMissingError(f"{path} is a folder now")
        case PermissionError():
            return SourceUnavailableError(f"{path}: permission denied; this user may not read it")
        case OSError():
            return SourceUnavailableError(f"{path}: {error.strerror or error}")
        case _:
            return SourceMissingError(f"{str(path)!r}: not a path: {error}")
