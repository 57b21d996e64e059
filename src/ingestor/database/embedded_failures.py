"""What keeps a PostgreSQL of one's own from working, in one sentence: the folder, and what to do about it."""

import errno
import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestor.database.server_account import OR_A_SERVER, UNPRIVILEGED_USER
from ingestor.errors import DatabaseUnavailableError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# In a container, root may be without capabilities, or the only user there is.
_POWERLESS = frozenset({errno.EPERM, errno.EINVAL})
# Of files within the folder.
_DAMAGED = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY})
_MAKE_ROOM = "make room there (100 MB are enough to begin with)"
_NO_RIGHT = re.compile(r"Permission denied|invalid permissions|wrong ownership|Operation not permitted")
_TAKEN = "is taken by another program"
_SETTING = re.compile(r"contains errors|could not load .*\.conf|configuration parameter")


def unusable(folder: Path, error: OSError) -> DatabaseUnavailableError:
    """One sentence, for whoever may make room or choose another folder."""
    return DatabaseUnavailableError(
        f"{error.filename or folder}: {error.strerror or error}; the embedded PostgreSQL is kept in {folder}: "
        f"{_advice(folder, error)}, {OR_A_SERVER}"
    )


@contextmanager
def said_plainly(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unusable(folder, error) from error


def advice_for(reason: str, data: Path) -> str | None:
    """What to do about what a program of PostgreSQL said, where that is known. `data`: its data folder."""
    if any(os.strerror(each) in reason for each in _FULL):
        return _MAKE_ROOM
    if _TAKEN in reason:
        return "end that program, or wait for its end"
    if _NO_RIGHT.search(reason):
        folder = shlex.quote(str(data))
        return f"its files must be its user's alone: `{_give_back()} {folder}; chmod -R u+rwX,go= {folder}`"
    if _SETTING.search(reason):
        return f"undo what was changed in the files of {data} whose names end in .conf"
    return None


def start_anew(data: Path) -> str:
    return (
        f"these data are damaged, or another version's: put them back from a copy, or move {data} away and load the "
        "files again"
    )


def _give_back() -> str:
    """Only root may."""
    return f"chown -R {UNPRIVILEGED_USER}" if os.geteuid() == 0 else f"sudo chown -R {os.geteuid()}"


def _advice(folder: Path, error: OSError) -> str:
    if error.errno in _FULL:
        return _MAKE_ROOM
    if os.geteuid() == 0 and error.errno in _POWERLESS:
        return "this root may not run it as another user, so run this as an ordinary one"
    if error.errno in _DAMAGED and folder.is_dir() and error.filename:
        return f"its files were changed: move {Path(error.filename).parent} away and load the files again"
    return "change to a folder that you may write to"
