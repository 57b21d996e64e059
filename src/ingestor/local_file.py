"""Files of this machine, with the same promises as S3's objects: what is read is one version, or an error."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ingestor.errors import (
    ObjectSupersededError,
    SourceMissingError,
    SourceUnavailableError,
    UnreadableError,
)
from ingestor.source_file import LOCAL_BUCKET, ByteStream, SourceFile

COPY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SpooledInput:
    """Standard input, kept in `path` for as long as it is needed."""

    file: SourceFile
    path: Path


class LocalFiles:
    """`elsewhere` says where the bytes of a key are, if not at the path that the key is."""

    def __init__(self, elsewhere: Mapping[str, Path] | None = None) -> None:
        self._elsewhere = dict(elsewhere or {})

    def open(self, file: SourceFile, /) -> ByteStream:
        path = self._path(file)
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

    def _path(self, file: SourceFile) -> Path:
        return self._elsewhere.get(file.key, Path(file.key))


class _LocalStream:
    def __init__(self, file: SourceFile, handle: BinaryIO, *, pinned: bool) -> None:
        self._file = file
        self._handle = handle
        self._pinned = pinned

    def read(self, size: int, /) -> bytes:
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
        """A file that grows or changes under the reader is another version by then."""
        if self._pinned and _version(os.fstat(self._handle.fileno())) != self._file.etag:
            self.close()
            raise ObjectSupersededError(f"{self._file.key} changed while it was being loaded")


def local_source_file(path: Path) -> SourceFile:
    """The file as it is now.

    Raises SourceMissingError, SourceUnavailableError where we may not look, and UnreadableError for a name that is not
    UTF-8: the ledger's keys are text.
    """
    absolute = path.absolute()
    try:
        str(absolute).encode()
        found = absolute.stat()
    except UnicodeEncodeError:
        raise UnreadableError(f"{path}: the name is not UTF-8; rename the file") from None
    except OSError as error:
        raise _translated(absolute, error) from error
    if absolute.is_dir():
        raise SourceMissingError(f"{path} is a folder; name its files, e.g. {path}/*.gz")
    return SourceFile(
        bucket=LOCAL_BUCKET,
        key=os.path.normpath(absolute),
        etag=_version(found),
        size_bytes=found.st_size,
        event_time=datetime.fromtimestamp(found.st_mtime, UTC),
    )


@contextmanager
def spooled_standard_input(stream: BinaryIO) -> Iterator[SpooledInput]:
    """Copies the stream to a temporary file: its hash is its name, so the same input piped twice is one file."""
    with tempfile.NamedTemporaryFile(prefix="ingestor-") as spool:
        digest, size = hashlib.sha256(), 0
        while data := stream.read(COPY_BYTES):
            digest.update(data)
            size += len(data)
            spool.write(data)
        spool.flush()
        name = digest.hexdigest()
        file = SourceFile(
            LOCAL_BUCKET, f"stdin:sha256:{name}", etag=name, size_bytes=size, event_time=datetime.now(UTC)
        )
        yield SpooledInput(file, Path(spool.name))


def _version(found: os.stat_result) -> str:
    return f"{found.st_size:x}-{found.st_mtime_ns:x}"


def _translated(path: Path, error: OSError) -> SourceMissingError | SourceUnavailableError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return SourceMissingError(f"{path}: no such file")
    return SourceUnavailableError(f"{path}: {error.strerror or error}")
