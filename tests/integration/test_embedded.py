"""A PostgreSQL of one's own: started, found running, stopped, and started again after whatever befell it."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ingestor.database import ConnectionParameters, Database, postgres_programs
from ingestor.database.embedded import EmbeddedPostgres
from ingestor.database.postgres_programs import find_binaries
from ingestor.errors import ConfigurationError, DatabaseUnavailableError

QUICK = ("fsync=off",)
on_linux = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at processes in /proc")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as somebody else")

type NewServer = Callable[[Path], EmbeddedPostgres]


@pytest.fixture
def new_server(postgres_binaries: Path | None) -> Iterator[NewServer]:
    made: list[EmbeddedPostgres] = []

    def make(folder: Path) -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(folder, options=QUICK, binaries=postgres_binaries))
        return made[-1]

    yield make
    for each in made:
        each.stop()
        # Some are outside the test's folder.
        shutil.rmtree(each.data_folder.parent, ignore_errors=True)


@pytest.fixture
def folder(reachable_folder: Path, unique_name: Callable[[str], str]) -> Path:
    return reachable_folder / unique_name("embedded")


def ask(parameters: ConnectionParameters, query: str) -> object:
    with closing(Database(lambda: parameters, "public")) as database, database.transaction() as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def write(parameters: ConnectionParameters, word: str) -> None:
    with closing(Database(lambda: parameters, "public")) as database, database.transaction() as connection:
        connection.execute(f"CREATE TABLE kept AS SELECT '{word}' AS word".encode())


def processes(server: EmbeddedPostgres) -> list[int]:
    """The server's own, then those of its children."""
    pid = int((server.data_folder / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def wait_until_gone(pids: list[int], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < until, f"still there: {pids}"
        time.sleep(0.01)


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until_gone(pids)


def test_it_speaks_utf_8_on_loopback_alone_and_asks_for_its_password(
    new_server: NewServer, folder: Path
) -> None:
    parameters = new_server(folder).start()
    assert parameters.host == "127.0.0.1"
    assert ask(parameters, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(parameters, "SHOW unix_socket_directories") == ""
    assert ask(parameters, "SHOW server_encoding") == "UTF8"
    with pytest.raises(DatabaseUnavailableError, match="password authentication failed"):
        ask(replace(parameters, password="guessed"), "SELECT 1")


def test_started_again_it_is_found_running(new_server: NewServer, folder: Path) -> None:
    parameters = new_server(folder).start()
    started_at = ask(parameters, "SELECT pg_postmaster_start_time()")
    assert new_server(folder).start() == parameters
    assert ask(parameters, "SELECT pg_postmaster_start_time()") == started_at


def test_started_twice_at_once_it_is_one_server(new_server: NewServer, folder: Path) -> None:
    servers = [new_server(folder), new_server(folder)]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(EmbeddedPostgres.start, servers)
    assert first == second
    assert ask(first, "SELECT 1") == 1


@on_linux
def test_stopped_it_leaves_no_process_and_keeps_its_data(new_server: NewServer, folder: Path) -> None:
    server = new_server(folder)
    write(server.start(), "hello")
    started = processes(server)
    server.stop()
    assert not server.is_running()
    wait_until_gone(started, seconds=5)
    server.stop()
    assert ask(server.start(), "SELECT word FROM kept") == "hello"


def test_stopping_it_ends_its_sessions(new_server: NewServer, folder: Path) -> None:
    server = new_server(folder)
    parameters = server.start()
    with closing(Database(lambda: parameters, "public")) as database:
        with pytest.raises(DatabaseUnavailableError), database.transaction():
            server.stop()
        assert not server.is_running()


def test_two_folders_are_two_servers(new_server: NewServer, folder: Path) -> None:
    first, second = new_server(folder / "first").start(), new_server(folder / "second").start()
    write(first, "hello")
    assert first.port != second.port
    assert first.password != second.password
    assert ask(second, "SELECT to_regclass('kept')") is None


@on_linux
def test_after_a_crash_it_starts_with_what_was_committed(new_server: NewServer, folder: Path) -> None:
    server = new_server(folder)
    write(server.start(), "hello")
    kill(processes(server))
    assert not server.is_running()
    assert ask(server.start(), "SELECT word FROM kept") == "hello"


@on_linux
def test_after_a_crash_another_programs_pid_is_not_taken_for_its_own(
    new_server: NewServer, folder: Path
) -> None:
    server = new_server(folder)
    server.start()
    kill(processes(server))
    pid_file = server.data_folder / "postmaster.pid"
    pid_file.write_text(pid_file.read_text().replace(pid_file.read_text().split()[0], str(os.getpid()), 1))
    assert not server.is_running()
    server.stop()
    assert ask(server.start(), "SELECT 1") == 1


def test_an_initialisation_that_was_cut_off_is_begun_again(new_server: NewServer, folder: Path) -> None:
    server = new_server(folder)
    unfinished = server.data_folder.with_name("unfinished")
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("half")
    (unfinished.parent / "password").write_text("half")
    assert ask(server.start(), "SELECT 1") == 1
    assert not unfinished.exists()


@pytest.mark.parametrize("name", ["with space", "quo'te", "d" * 120])
def test_a_folder_of_any_name_will_do(new_server: NewServer, folder: Path, name: str) -> None:
    assert ask(new_server(folder / name).start(), "SELECT 1") == 1


def test_what_keeps_it_from_starting_is_said_in_its_own_words(
    folder: Path, new_server: NewServer, postgres_binaries: Path | None
) -> None:
    new_server(folder).start()
    new_server(folder).stop()
    misled = EmbeddedPostgres(folder, options=("no_such_setting=1",), binaries=postgres_binaries)
    with pytest.raises(DatabaseUnavailableError, match="no_such_setting"):
        misled.start()


@as_root
def test_under_a_private_folder_the_data_go_elsewhere_and_it_stays_private(
    new_server: NewServer, tmp_path: Path
) -> None:
    private = tmp_path / "home"
    private.mkdir(mode=0o700)
    server = new_server(private / "postgres")
    assert ask(server.start(), "SELECT 1") == 1
    assert private not in server.data_folder.parents
    assert private.stat().st_mode & 0o777 == 0o700
    assert (server.data_folder.parent / "password").stat().st_mode & 0o777 == 0o600


@as_root
def test_a_place_that_somebody_else_prepared_is_refused(new_server: NewServer, tmp_path: Path) -> None:
    server = new_server(tmp_path / "postgres")
    place = server.data_folder.parent
    assert tmp_path not in place.parents
    place.mkdir()
    os.chown(place, 65534, 65534)
    with pytest.raises(ConfigurationError, match=f"{place} belongs to another user"):
        server.start()


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Without the package, and without a system's PostgreSQL but what is put into this folder."""
    monkeypatch.setattr(postgres_programs, "find_spec", lambda _: None)
    monkeypatch.setattr(postgres_programs, "SYSTEM_BINARIES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("bare_machine")
def test_without_a_postgresql_what_to_install_is_said() -> None:
    with pytest.raises(ConfigurationError, match=r"install `ingestor\[local\]` .* or set DB_HOST"):
        find_binaries()


def test_without_the_package_the_systems_newest_postgresql_is_used(bare_machine: Path) -> None:
    for version in ("9", "15", "17"):
        binaries = bare_machine / version / "bin"
        binaries.mkdir(parents=True)
        for program in ("initdb", "pg_ctl")[: 1 if version == "17" else 2]:
            (binaries / program).touch()
    # 17 has its client programs alone.
    assert find_binaries() == bare_machine / "15" / "bin"
