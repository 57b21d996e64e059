"""A lock file that one process at a time holds. The kernel releases the lock of a process that died."""

import os
from pathlib import Path
from typing import BinaryIO


class FileLock:
    """Entering waits until the lock is free. The file stays."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        import fcntl  # noqa: PLC0415 - Unix only

        self._file = open_lock(self._path)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def open_lock(path: Path) -> BinaryIO:
    """For us alone: whoever may open it may lock it, and have us wait for ever."""
    return os.fdopen(
        os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "r+b", buffering=0
    )
