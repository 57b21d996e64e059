"""A folder that the account of root's server can reach, in place of one in a private folder.

The system's own place for lasting data comes first: a temporary folder is emptied file by file, while a server runs
too. Nobody else may have made or changed what is found there, on the whole way down from the root folder.
"""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from ingestor.database.server_account import OR_A_SERVER
from ingestor.errors import ConfigurationError

# Linux; macOS and the BSDs.
SYSTEM_FOLDERS = (Path("/var/lib"), Path("/var/db"))
NAME = "ingestor-embedded"
# Others pass through to what they know the name of, and list nothing.
MODE = 0o711


def server_folder(*, for_programs: bool) -> Path:
    """Where it is or would be; the same at each call. `for_programs`: not where the mount forbids to run any.

    Raises ConfigurationError where no folder will do.
    """
    candidates = (*SYSTEM_FOLDERS, _temporary_folder())
    for each in candidates:
        if _is_suitable(each.resolve(), for_programs=for_programs):
            return each.resolve() / NAME
    looked_at = ", ".join(map(str, candidates))
    raise ConfigurationError(
        f"root's PostgreSQL runs as another user, who can't reach private folders, and none of {looked_at} is a folder "
        f"for what it needs: run this as an ordinary user, {OR_A_SERVER}"
    )


def make_ours(folder: Path) -> None:
    """Leaves a folder that only we may change. Raises ConfigurationError if it is somebody else's; OSError."""
    with suppress(FileExistsError):
        folder.mkdir(mode=MODE)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or _others_write(found.st_mode):
        raise ConfigurationError(
            f"{folder} belongs to another user or may be changed by one, who could have put anything there: "
            f"remove it, {OR_A_SERVER}"
        )
    folder.chmod(MODE)  # whatever the umask says


def _temporary_folder() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise ConfigurationError(f"{error.strerror}: set TMPDIR to a folder that you may write to") from error


def _is_suitable(folder: Path, *, for_programs: bool) -> bool:
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return False
    mount = os.statvfs(folder).f_flag
    if for_programs and mount & getattr(os, "ST_NOEXEC", 0):
        return False
    return all(_is_safe_way(each.stat()) for each in (folder, *folder.parents))


def _is_safe_way(folder: os.stat_result) -> bool:
    """Whether the server may pass the folder, and only its owner, root or this user, may rename what is in it."""
    mine = folder.st_uid in {0, os.geteuid()}
    settled = not _others_write(folder.st_mode) or bool(folder.st_mode & stat.S_ISVTX)
    return mine and settled and bool(folder.st_mode & stat.S_IXOTH)


def _others_write(mode: int) -> bool:
    return bool(mode & (stat.S_IWGRP | stat.S_IWOTH))
