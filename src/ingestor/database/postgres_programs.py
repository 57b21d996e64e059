"""The programs of a PostgreSQL are found, and copied to a folder that the account of root's server can reach.

A copy is named after its version and its content, so nothing else is ever taken for it. It is made beside its place and
renamed when it is whole: a process that is killed meanwhile leaves nothing that counts.
"""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from ingestor.database.file_lock import FileLock
from ingestor.database.postgres_install import PACKAGE, Install
from ingestor.database.server_account import OR_A_SERVER, ServerAccount
from ingestor.database.server_folder import make_ours, server_folder
from ingestor.errors import ConfigurationError

SYSTEM_BINARIES = Path("/usr/lib/postgresql")


def find_binaries() -> Path:
    """The folder with initdb, pg_ctl and postgres. Raises ConfigurationError saying how to get one."""
    package = find_spec(PACKAGE)  # not imported: it would look for folders of its own
    bundled = [Path(package.origin).parent / "pginstall" / "bin"] if package and package.origin else []
    versions = [path for path in SYSTEM_BINARIES.glob("*/bin") if path.parent.name.isdigit()]
    installed = sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    for folder in [*bundled, *installed, *([Path(on_path).resolve().parent] if on_path else [])]:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise ConfigurationError(
        f"no PostgreSQL to start: install `ingestor[local]` or PostgreSQL 15 or newer, {OR_A_SERVER}"
    )


def programs_for(account: ServerAccount, binaries: Path) -> Path:
    """`binaries`, or a copy where the account can't reach them. Raises ConfigurationError; OSError."""
    if account.is_ourselves:
        return binaries
    install = Install.of(binaries)
    if install is not None:
        return binaries if install.is_open_to(account) else _copy_of(install) / install.binaries
    if account.can_reach(binaries):
        return binaries
    raise ConfigurationError(
        f"root's PostgreSQL runs as another user, who can't reach {binaries}: install `ingestor[local]`, "
        f"run this as an ordinary user, {OR_A_SERVER}"
    )


def _copy_of(install: Install) -> Path:
    folder = server_folder(for_programs=True)
    make_ours(folder)
    identity = install.identity()
    copy = folder / f"postgresql-{_version(install)}-{identity}"
    with FileLock(folder / "programs.lock"):
        if not install.is_whole_in(copy):
            _make(install, identity, copy)
    return copy


def _make(install: Install, identity: str, copy: Path) -> None:
    """Makes the copy, under the lock. What lies there unfinished was left by a process that died."""
    unfinished, replaced = copy.with_name("programs.unfinished"), copy.with_name("programs.replaced")
    _remove(unfinished, replaced)
    try:
        unfinished.mkdir()
        install.copy_to(unfinished)
        made = Install.of(unfinished / install.binaries)
        if made is None or made.identity() != identity:
            raise ConfigurationError(f"{install.root} changed while it was copied to {copy}: try again")
        if copy.exists():
            copy.rename(replaced)
        unfinished.rename(copy)
    except OSError as error:
        # It names the file that was read; what lacks room, or may not be written to, is here.
        raise OSError(error.errno, error.strerror, str(copy)) from error
    finally:
        _remove(unfinished, replaced)


def _remove(*folders: Path) -> None:
    for each in folders:
        if each.exists():
            shutil.rmtree(each)


def _version(install: Install) -> str:
    """As "18.6". This much its programs tell root too."""
    program = install.root / install.binaries / "initdb"
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.split()
    return said[-1] if said else "unknown"
