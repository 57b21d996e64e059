"""What this machine lacks, said in one sentence on what to do about it."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from demo.programs import ROOT, DemoError

_FULL = r"No space left on device|Disk quota exceeded"
# pip within `sam build` swallows why an index gave it nothing.
_OFFLINE = r"Could not satisfy the requirement|Failed to establish a new connection|error sending request"


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
        return "/tmp"  # noqa: S108 - named, not used
