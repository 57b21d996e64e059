"""The account that the embedded PostgreSQL runs as: the user's own, or `nobody` for root, which it refuses."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from ingestor.errors import ConfigurationError

UNPRIVILEGED_USER = "nobody"
OR_A_SERVER = "or set DB_HOST, DB_USERNAME and DB_PASSWORD to use a PostgreSQL that runs"


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """None: ourselves."""

    uid: int | None
    gid: int | None

    @classmethod
    def current(cls) -> "ServerAccount":
        """Raises ConfigurationError where root's server has no account to run as."""
        if os.geteuid() != 0:
            return cls(None, None)
        import pwd  # noqa: PLC0415 - Unix only, and needed by root only

        try:
            entry = pwd.getpwnam(UNPRIVILEGED_USER)
        except KeyError:
            raise ConfigurationError(
                f"PostgreSQL refuses to run as root, and there is no user `{UNPRIVILEGED_USER}` to run it as: "
                f"run this as an ordinary user, {OR_A_SERVER}"
            ) from None
        return cls(entry.pw_uid, entry.pw_gid)

    @property
    def is_ourselves(self) -> bool:
        return self.uid is None

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_reach(self, folder: Path) -> bool:
        """Whether the account may pass through each folder of the path. Folders to be created don't count."""
        if self.is_ourselves:
            return True
        real = folder.resolve()
        return all(_lets_through(each) for each in (real, *real.parents))

    def can_read(self, path: Path) -> bool:
        """A file, or a folder's list of names, once the account is there."""
        mode = path.stat().st_mode
        wanted = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) or mode & stat.S_IXUSR else 0)
        return self.is_ourselves or mode & wanted == wanted


def _lets_through(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & stat.S_IXOTH)
    except FileNotFoundError:
        return True
