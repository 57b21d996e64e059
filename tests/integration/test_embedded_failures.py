"""What keeps a PostgreSQL of one's own from starting is said in one sentence, and what to do about it."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.conftest import SOURCES, CommandLine
from tests.support.private_folders import as_root, may_run, mounting, run_mounted, umask

from ingestor.database import embedded
from ingestor.database.embedded import EmbeddedPostgres
from ingestor.database.postmaster import reason_in
from ingestor.errors import ConfigurationError, DatabaseUnavailableError

LOG = str(Path(__file__).parents[1] / "data" / "pino-http-1.json.gz")


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield str(other.getsockname()[1])


@pytest.fixture
def folder(reachable_folder: Path, unique_name: Callable[[str], str]) -> Path:
    return reachable_folder / unique_name("failing")


def said(server: EmbeddedPostgres) -> str:
    with pytest.raises(DatabaseUnavailableError) as caught:
        server.start()
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_a_port_that_was_asked_for_and_is_taken_is_named(folder: Path, taken: str) -> None:
    server = EmbeddedPostgres(folder, options=(f"port={taken}",))
    assert f"port {taken} of 127.0.0.1 is taken by another program" in said(server)


def test_a_port_of_its_own_choice_that_is_taken_meanwhile_is_replaced(
    folder: Path, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose, chosen = embedded._free_port, iter([taken])
    monkeypatch.setattr(embedded, "_free_port", lambda: next(chosen, None) or choose())
    server = EmbeddedPostgres(folder, options=("fsync=off",))
    try:
        assert str(server.start().port) != taken
    finally:
        server.stop()


def test_ports_that_are_always_taken_end_it(
    folder: Path, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_free_port", lambda: taken)
    assert f"port {taken} of 127.0.0.1 is taken" in said(EmbeddedPostgres(folder))


def test_an_old_complaint_in_its_log_is_not_taken_for_the_new_one(folder: Path, taken: str) -> None:
    said(EmbeddedPostgres(folder, options=(f"port={taken}",)))
    sentence = said(EmbeddedPostgres(folder, options=("no_such_setting=1",)))
    assert "no_such_setting" in sentence
    assert "taken" not in sentence


def test_a_folder_that_may_not_be_made_is_named_with_what_to_do(folder: Path) -> None:
    folder.write_text("in the way")
    assert said(EmbeddedPostgres(folder)).startswith(f"{folder}: File exists; ")


def test_a_program_that_can_not_be_run_is_named(folder: Path) -> None:
    binaries = folder.with_name(f"{folder.name}-bin")
    binaries.mkdir()
    binaries.chmod(0o755)
    (binaries / "initdb").write_text("no program")
    sentence = said(EmbeddedPostgres(folder, binaries=binaries))
    assert sentence.startswith(f"{binaries / 'initdb'}: Permission denied; ")
    assert sentence.endswith("use a PostgreSQL that runs")


@pytest.mark.parametrize("arguments", [("local", LOG), ("status",)], ids=["local", "status"])
def test_a_current_folder_that_is_gone_is_said(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = ["sh", "-c", 'rmdir "$PWD"; exec "$0" "$@"', sys.executable, "-m", "ingestor.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    done = subprocess.run(command, cwd=gone, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert (
        "No such file or directory; the embedded PostgreSQL is kept in .ingestor: change to a folder"
        in done.stderr
    )


@mounting
@pytest.mark.parametrize("size", ["4k", "5m", "20m"])
def test_a_full_disk_is_said(folder: Path, size: str) -> None:
    command = [
        "env",
        "-C",
        folder,
        f"PYTHONPATH={SOURCES}",
        sys.executable,
        "-m",
        "ingestor.cli",
        "local",
        LOG,
    ]
    done = run_mounted(folder, f"size={size}", command)
    *introduction, sentence = done.stderr.splitlines()
    assert done.returncode == 1
    assert sentence.startswith("ingestor: ")
    assert "No space left on device" in sentence
    assert "make room there" in sentence
    assert len(introduction) <= 1


@mounting
def test_a_disk_that_is_full_amid_a_load_is_said_and_the_same_again_goes_on(
    folder: Path, data_folder: Path
) -> None:
    local = [sys.executable, "-m", "ingestor.cli", "local", "--json", data_folder / "pino-http-1.json.gz"]
    script = 'cd "$0"; export PYTHONPATH="$1"; shift; "$@"; mount -o remount,size=200m "$0"; "$@"'
    done = run_mounted(folder, "size=41m", ["sh", "-c", script, folder, SOURCES, *local])
    assert "No space left on device: make room on the database's disk" in done.stderr
    assert "Traceback" not in done.stderr
    assert '"state":"loaded"' in done.stdout


@pytest.mark.skipif(not may_run("unshare", "-r", "true"), reason="no user namespaces here")
def test_a_root_that_is_the_only_user_is_told_to_be_another_one(folder: Path) -> None:
    """As in a container without privileges."""
    folder.mkdir()
    folder.chmod(0o755)
    command = ["unshare", "-r", sys.executable, "-m", "ingestor.cli", "local", LOG]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    *_, sentence = done.stderr.splitlines()
    assert done.returncode == 1
    assert "Invalid argument" in sentence
    assert (
        "this root may not run it as another user, so run this as an ordinary one, or set DB_HOST" in sentence
    )
    assert "Traceback" not in done.stderr


@as_root
def test_another_users_folder_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    planted, ours = tmp_path / ".ingestor", tmp_path / "precious"
    ours.write_text("keep me")
    planted.mkdir()
    (planted / ".gitignore").symlink_to(ours)
    os.chown(planted, 65534, 65534)
    done = CommandLine(tmp_path, {})("local", "precious")
    assert (done.status, len(done.stderr.splitlines())) == (2, 1)
    assert done.stderr.startswith(f"ingestor: {planted} belongs to another user, ")
    assert ours.read_text() == "keep me"


@as_root
def test_a_link_of_another_user_to_a_folder_of_ours_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "postgres"
    link.symlink_to(tmp_path / "ours")
    (tmp_path / "ours").mkdir()
    os.chown(link, 65534, 65534, follow_symlinks=False)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        EmbeddedPostgres(link).start()


def test_a_folder_that_any_user_may_change_is_refused(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(ConfigurationError, match="or any user may change it: run this as its owner"):
        EmbeddedPostgres(folder).start()


def test_a_folder_of_its_own_is_made_so_that_none_may_whatever_the_umask(folder: Path) -> None:
    server = EmbeddedPostgres(folder, options=("fsync=off",))
    with umask(0):
        server.start()
    server.stop()
    server.start()
    server.stop()


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (
            "creating files ... ok\nFATAL:  could not write: No space left\nchild process exited",
            "could not write: No space left",
        ),
        (
            "FATAL:  could not write: No space left on device\nPANIC:  it",
            "could not write: No space left on device",
        ),
        ("initdb: error: directory exists\ninitdb: hint: remove it", "directory exists"),
        (
            "/bin/sh: 1: cannot create /x/log: Permission denied\nExamine the log output.",
            "cannot create /x/log: Permission denied",
        ),
        ("initdb: libpq.so.5: no such file", "initdb: libpq.so.5: no such file"),
        (" \n", "it said nothing"),
    ],
)
def test_of_all_that_a_program_said_the_telling_line_is_quoted(output: str, reason: str) -> None:
    assert reason_in(output) == reason
