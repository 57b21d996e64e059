"""A PostgreSQL that only root may read, a stand-in for /var/lib, and mounts of a test's own."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingestor.database import server_folder
from ingestor.database.postgres_install import Install
from ingestor.database.postgres_programs import find_binaries

OURS = server_folder.NAME
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as somebody else")


def may_run(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


mounting = pytest.mark.skipif(not may_run("unshare", "-m", "true"), reason="may not mount anything here")


def installed() -> Install:
    install = Install.of(find_binaries())
    assert install is not None
    return install


def private_copy(folder: Path) -> Path:
    """Its programs, installed below a folder of mode 700 with umask 077; the last folder of the path is `bin`."""
    install = installed()
    install.copy_to(folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)
    return folder / install.binaries


def copies(system_folder: Path) -> list[Path]:
    return sorted((system_folder / OURS).glob("postgresql-*"))


def kept_from_others(folder: Path) -> bool:
    """Others may neither change anything below it nor be its owner."""
    found = [path.lstat() for path in (folder, *folder.rglob("*"))]
    return all(each.st_uid == os.geteuid() and not each.st_mode & 0o022 for each in found)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


def run_mounted(folder: Path, options: str, command: Sequence[object]) -> subprocess.CompletedProcess[str]:
    """With a file system of its own in `folder`, which no other process sees and which ends with the command."""
    folder.mkdir(exist_ok=True)
    script = f'mount -t tmpfs -o {options},mode=755 none "$1"; shift; exec "$@"'
    return subprocess.run(
        ["unshare", "-m", "sh", "-ec", script, "sh", folder, *map(str, command)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
