"""What this machine lacks, said in one sentence on what to do about it."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.programs import ROOT, DemoError

_FULL = r"No space left on device|Disk quota exceeded"
# pip within `sam build` swallows why an index gave it nothing.
_OFFLINE = r"Could not satisfy the requirement|Failed to establish a new connection|error sending request"


ROOM_MB = 600
"""What a demo takes for its database, the functions' code and what is uploaded: 504 MB were measured."""


class MachineError(DemoError):
    """The sentence is all there is to say: no log says more."""


def shortage(said: str) -> MachineError | None:
    """Where the machine is to blame for what a program said."""
    if re.search(_FULL, said):
        return MachineError(
            f"the disk is full: make room where {ROOT} and {_temporary_folder()} are (1 GB is enough), "
            "then run make again"
        )
    if re.search(_OFFLINE, said):
        return MachineError(
            "the package index can't be reached: check the network and the proxy settings, then run make again"
        )
    return None


def refuse_small_room(folder: Path) -> None:
    """Before anything is begun that would fail half-way. Raises MachineError."""
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < ROOM_MB:
        raise MachineError(
            f"{folder} has room for {free} MB, and the demo takes {ROOM_MB}: make room there, or set TMPDIR to another "
            "folder, then run make again"
        )


@contextmanager
def machine_blamed() -> Iterator[None]:
    """Raises MachineError for a file or folder that can't be made, read or written."""
    try:
        yield
    except OSError as error:
        said = f"{error.filename or ROOT}: {error.strerror or error}"
        raise shortage(said) or MachineError(f"{said}; see to that, then run make again") from error


def _temporary_folder() -> str:
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:  # full as well
        return "/tmp"  # noqa: S108 # nosec B108 # named, not used
