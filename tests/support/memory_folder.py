"""Temporary files in memory, where there is room.

The tests make a thousand databases of 500 files each. On a disk that takes several times the CPU of all they test: 188
tests took 66 s there and 12 s in memory.
"""

import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made there
NEEDED_BYTES = 4 * 1024**3
"""Four times what all tests were seen to hold at once, so that their own memory has room beside it."""


@contextmanager
def temporary_files_in_memory(memory: Path = MEMORY) -> Iterator[None]:
    """Of this process and of all that it starts. TMPDIR, if somebody set it, stays."""
    if "TMPDIR" in os.environ or not _has_room(memory):
        yield
        return
    folder = Path(tempfile.mkdtemp(prefix="ingestor-tests-", dir=memory))
    try:
        folder.chmod(0o711)  # root's PostgreSQL runs as another user, who must get in
        if runs_programs(folder):
            os.environ["TMPDIR"] = str(folder)
            tempfile.tempdir = None  # to be looked for anew
        yield
    finally:
        if os.environ.get("TMPDIR") == str(folder):
            del os.environ["TMPDIR"]
            tempfile.tempdir = None
        # Interrupted, a worker may still be removing its own.
        shutil.rmtree(folder, ignore_errors=True)


def _has_room(memory: Path) -> bool:
    """Containers often have 64 MB there; on a small machine the files would crowd out the tests."""
    if not os.access(memory, os.W_OK | os.X_OK):
        return False
    found = re.search(r"^MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    available = int(found[1]) * 1024 if found else 0
    return min(available, shutil.disk_usage(memory).free) > NEEDED_BYTES


def runs_programs(folder: Path) -> bool:
    """A container's own may be mounted so that nothing in it can be run."""
    probe = folder / "probe"
    probe.write_text("#!/bin/sh\n")
    probe.chmod(stat.S_IRWXU)
    try:
        return subprocess.run([probe], check=False).returncode == 0
    except PermissionError:
        return False
