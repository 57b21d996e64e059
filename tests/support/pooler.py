"""The real PgBouncer in front of a PostgreSQL, pooling transactions: a session's state is anybody's."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from ingestor.database import ConnectionParameters

UNPACKED = Path(__file__).parents[2] / ".tools" / "pgbouncer"
HOW_TO_INSTALL = "no PgBouncer here: run tools/install_pgbouncer.sh, or `apt-get install pgbouncer` as root"


def go_without_pgbouncer() -> NoReturn:
    """A machine of one's own may lack it, and its tests are skipped; where CI is set, nothing may be."""
    if os.environ.get("CI"):
        pytest.fail(HOW_TO_INSTALL)
    pytest.skip(HOW_TO_INSTALL)


# Few backends, and each transaction gets the one that rested longest: next to never the one it had before.
_CONFIGURATION = """
[databases]
* = host={to.host} port={to.port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = 6
min_pool_size = 3
server_round_robin = 1
logfile = {log}
"""


def find_pgbouncer() -> Path | None:
    """An installed one, else the one that tools/install_pgbouncer.sh leaves."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", str(UNPACKED / "usr" / "sbin")))
    found = shutil.which("pgbouncer", path=path)
    return Path(found) if found else None


@contextmanager
def pgbouncer(binary: Path, folder: Path, to: ConnectionParameters) -> Iterator[ConnectionParameters]:
    """Yields where it listens. It refuses to run as root: then it is nobody, with a copy that nobody can reach."""
    folder.mkdir()
    folder.chmod(0o711)
    program, libraries = _copied(binary, folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    users, log = folder / "users.txt", folder / "pgbouncer.log"
    users.write_text(f'"{to.user}" "{to.password}"\n')
    log.touch()
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(_CONFIGURATION.format(to=to, port=port, users=users, log=log))
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    if account:
        for path in (users, log, configuration):
            os.chown(path, account.pw_uid, account.pw_gid)
    process = subprocess.Popen(
        [program, "-q", configuration],
        env={**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(libraries)},
        user=account and account.pw_uid,
        group=account and account.pw_gid,
        extra_groups=[] if account else None,
    )
    try:
        _wait_until_it_listens(process, port, log)
        yield replace(to, host="127.0.0.1", port=port, sslmode="disable")
    finally:
        process.terminate()
        process.wait(timeout=30)


def _copied(binary: Path, folder: Path) -> tuple[Path, list[str]]:
    """An unpacked one brings libraries that the machine may lack. Modes are set, for the umask may hide them."""
    program = folder / "pgbouncer"
    _copy(binary, program)
    if not binary.is_relative_to(UNPACKED):
        return program, []
    libraries = folder / "libraries"
    libraries.mkdir()
    libraries.chmod(0o711)
    for library in (UNPACKED / "usr" / "lib").rglob("*.so*"):
        _copy(library, libraries / library.name)
    return program, [str(libraries)]


def _copy(file: Path, to: Path) -> None:
    shutil.copyfile(file, to)
    to.chmod(0o755)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"PgBouncer did not start: {log.read_text()}")
