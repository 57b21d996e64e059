"""A damaged data folder of a PostgreSQL of one's own: the folder is named, and what to do about it."""

import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.conftest import CommandLine

from ingestor.database.embedded import EmbeddedPostgres
from ingestor.errors import DatabaseUnavailableError


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """With a file loaded by the command line."""
    (tmp_path / "app.json").write_text('{"time":1795432855268,"msg":"hello"}\n')
    assert CommandLine(tmp_path, {})("local", "app.json").status == 0
    server = EmbeddedPostgres(tmp_path / ".ingestor")
    yield server
    # Run as root, its data may be outside the test's folder.
    shutil.rmtree(server.data_folder.parent, ignore_errors=True)


def lose_control_file(data: Path) -> None:
    (data / "global" / "pg_control").unlink()


def lose_the_wal(data: Path) -> None:
    for each in (data / "pg_wal").glob("0*"):
        each.unlink()


def lose_the_tables(data: Path) -> None:
    shutil.rmtree(data / "base")


def come_from_another_version(data: Path) -> None:
    (data / "PG_VERSION").write_text("9\n")


def be_open_to_all(data: Path) -> None:
    data.chmod(0o777)


def have_a_wrong_setting(data: Path) -> None:
    with (data / "postgresql.conf").open("a") as settings:
        settings.write("no setting at all\n")


def lose_the_password(data: Path) -> None:
    (data.parent / "password").unlink()


def forget_the_password(data: Path) -> None:
    (data.parent / "password").write_text("another")


def lose_the_version(data: Path) -> None:
    (data / "PG_VERSION").unlink()


MOVE_AWAY = "move {data} away and load the files again"
MOVE_ALL_AWAY = "move {home} away and load the files again"


@pytest.mark.parametrize(
    ("damage", "advice"),
    [
        (lose_control_file, MOVE_AWAY),
        (lose_the_wal, MOVE_AWAY),
        (lose_the_tables, MOVE_AWAY),
        (come_from_another_version, MOVE_AWAY),
        (be_open_to_all, "; chmod -R u+rwX,go= {data}`"),
        (have_a_wrong_setting, "undo what was changed in the files of {data} whose names end in .conf"),
        (lose_the_password, MOVE_ALL_AWAY),
        (forget_the_password, MOVE_AWAY),
        (lose_the_version, MOVE_ALL_AWAY),
    ],
)
def test_the_folder_and_what_to_do_are_said(
    server: EmbeddedPostgres, damage: Callable[[Path], None], advice: str
) -> None:
    data = server.data_folder
    damage(data)
    done = CommandLine(server.home.parent, {})("local", "-q", "app.json")
    assert done.status == 1
    assert len(done.stderr.splitlines()) == 1
    assert advice.format(data=data, home=data.parent) in done.stderr


def test_what_is_to_be_done_helps(server: EmbeddedPostgres) -> None:
    command, data = CommandLine(server.home.parent, {}), server.data_folder
    lose_the_wal(data)
    assert command("local", "app.json").status == 1
    data.rename(data.with_name("damaged"))
    assert command("local", "app.json", "--json").json["state"] == "loaded"


def complain_after_its_end(server: EmbeddedPostgres, last_words: str) -> str:
    """What is said when a server ended while it was used."""
    server.start()
    with pytest.raises(DatabaseUnavailableError) as caught, server.explained():
        end_with(server, last_words)
    return str(caught.value)


def end_with(server: EmbeddedPostgres, last_words: str) -> None:
    """Raises what a session is told of it."""
    data = server.data_folder
    pid = int((data / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGQUIT)  # an immediate shutdown, as a crash is one
    while server.is_running():
        pass
    with (data / "server.log").open("a") as log:
        log.write(last_words)
    raise DatabaseUnavailableError("server closed the connection unexpectedly")


@pytest.mark.parametrize(
    ("last_words", "said"),
    [
        ("", r"ended: .*; run the same again to continue$"),
        (
            'PANIC:  could not write to file "pg_wal/xlogtemp.1": No space left on device\n',
            r"ended: could not write to file .*: No space left on device; make room there",
        ),
    ],
)
def test_a_server_that_ends_amid_a_command_is_quoted(
    server: EmbeddedPostgres, last_words: str, said: str
) -> None:
    sentence = complain_after_its_end(server, last_words)
    assert f"the embedded PostgreSQL in {server.data_folder} ended: " in sentence
    assert re.search(said, sentence)


def test_what_a_running_server_complains_of_stays_as_it_is(server: EmbeddedPostgres) -> None:
    server.start()
    try:
        with pytest.raises(DatabaseUnavailableError, match=r"^as it is$"), server.explained():
            raise DatabaseUnavailableError("as it is")
    finally:
        server.stop()
