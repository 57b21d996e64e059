"""The copy of a PostgreSQL's programs: whole or not there, one for all, and never another one's."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.private_folders import (
    OURS,
    as_root,
    copies,
    installed,
    mounting,
    private_copy,
    run_mounted,
)

from ingestor.database.postgres_install import Install
from ingestor.database.postgres_programs import programs_for
from ingestor.database.server_account import ServerAccount
from ingestor.errors import ConfigurationError

pytestmark = [as_root, pytest.mark.usefixtures("system_folder")]
SOURCES = Path(__file__).parents[2] / "src"

_ASKING = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(SOURCES)!r})
from ingestor.database import postgres_programs, server_folder
from ingestor.database.server_account import ServerAccount
server_folder.SYSTEM_FOLDERS = tuple(map(Path, sys.argv[2:]))
"""
COPYING = f"{_ASKING}print(postgres_programs.programs_for(ServerAccount.current(), Path(sys.argv[1])))"
WHEN_TOLD = f"{_ASKING}sys.stdin.readline()\n" + COPYING.removeprefix(_ASKING)
DYING = f"""{_ASKING}
import itertools, os, shutil, signal
copies, copy = itertools.count(1), shutil.copyfile
def dying(*arguments):
    if next(copies) == 100:
        os.kill(os.getpid(), signal.SIGKILL)
    copy(*arguments)
shutil.copyfile = dying
postgres_programs.programs_for(ServerAccount.current(), Path(sys.argv[1]))
"""


def copied(binaries: Path) -> Path:
    return programs_for(ServerAccount.current(), binaries)


def python(script: str, *arguments: str | Path) -> list[str | Path]:
    return [sys.executable, "-c", script, *arguments]


def test_the_copy_is_made_once_and_named_after_what_it_is(
    private_binaries: Path, system_folder: Path
) -> None:
    first = copied(private_binaries)
    made = first.stat()
    assert copied(private_binaries).stat() == made
    [copy] = copies(system_folder)
    assert copy in first.parents
    version = subprocess.run([first / "initdb", "--version"], capture_output=True, text=True, check=True)
    assert copy.name.startswith(f"postgresql-{version.stdout.split()[-1]}-")


def test_what_differs_in_a_single_byte_is_another_copy(
    private_binaries: Path, tmp_path: Path, system_folder: Path
) -> None:
    other = private_copy(tmp_path / "other")
    sample = other.parent / "share" / "postgresql.conf.sample"
    sample.write_bytes(sample.read_bytes()[:-1] + b"#")
    assert copied(other) != copied(private_binaries)
    assert len(copies(system_folder)) == 2


def test_a_process_killed_amid_the_copy_leaves_nothing_that_counts(
    private_binaries: Path, system_folder: Path
) -> None:
    done = subprocess.run(python(DYING, private_binaries, system_folder), check=False)
    assert done.returncode == -9
    assert copies(system_folder) == []
    assert any((system_folder / OURS).rglob("initdb"))
    assert (copied(private_binaries) / "postgres").exists()
    assert {path.name for path in (system_folder / OURS).iterdir()} == {
        copies(system_folder)[0].name,
        "programs.lock",
    }


def test_two_processes_at_once_make_one_copy(private_binaries: Path, system_folder: Path) -> None:
    command = python(WHEN_TOLD, private_binaries, system_folder)
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for each in both:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    said = {each.communicate(timeout=60)[0].strip() for each in both}
    [copy] = copies(system_folder)
    assert said == {str(copy / installed().binaries)}


def test_a_copy_that_lost_a_file_is_made_again(private_binaries: Path) -> None:
    first = copied(private_binaries)
    (first / "postgres").unlink()
    (first.parent / "share" / "postgres.bki").write_text("")
    assert copied(private_binaries) == first
    assert (first / "postgres").exists()
    assert (first.parent / "share" / "postgres.bki").stat().st_size > 0


@mounting
def test_where_no_program_may_run_the_next_folder_is_taken(
    private_binaries: Path, system_folder: Path
) -> None:
    next_one = system_folder / "next"
    next_one.mkdir()
    next_one.chmod(0o755)
    command = python(COPYING, private_binaries, system_folder / "noexec", next_one)
    done = run_mounted(system_folder / "noexec", "noexec", command)
    assert (done.returncode, done.stderr) == (0, "")
    assert Path(done.stdout.strip()).is_relative_to(next_one / OURS)


@mounting
def test_on_a_full_disk_nothing_half_made_is_left(private_binaries: Path, system_folder: Path) -> None:
    full = system_folder / "full"
    script = (
        f"{_ASKING}\ntry:\n    {COPYING.removeprefix(_ASKING)}\nexcept OSError as error:\n    print(error)\n"
    )
    listing = 'print(sorted(path.name for path in Path(sys.argv[2]).glob("*/*")))'
    done = run_mounted(full, "size=8m", python(script + listing, private_binaries, full))
    refusal, left = done.stdout.splitlines()
    assert "No space left on device" in refusal
    assert str(full) in refusal
    assert left == "['programs.lock']"


def test_nothing_is_copied_that_the_server_can_reach(system_folder: Path, reachable_folder: Path) -> None:
    opened = reachable_folder / "opened"
    if not opened.exists():
        opened.mkdir()
        installed().copy_to(opened)
    binaries = opened / installed().binaries
    assert copied(binaries) == binaries
    assert programs_for(ServerAccount(None, None), binaries) == binaries
    assert copies(system_folder) == []


def test_what_is_linked_from_a_private_folder_counts_as_private(
    private_binaries: Path, system_folder: Path, reachable_folder: Path, unique_name: Callable[[str], str]
) -> None:
    """As uv installs with UV_LINK_MODE=symlink."""
    linked, install = reachable_folder / unique_name("linked"), installed()
    private = Path(str(private_binaries).removesuffix(str(install.binaries)))
    for each in install.files:
        (linked / each.path).parent.mkdir(parents=True, exist_ok=True)
        (linked / each.path).symlink_to(private / each.path)
    copy = copied(linked / install.binaries)
    assert copies(system_folder)[0] in copy.parents
    assert not any(path.is_symlink() for path in copies(system_folder)[0].rglob("*"))
    shutil.rmtree(linked)


def test_programs_among_other_things_are_not_copied_but_refused(tmp_path: Path) -> None:
    """Around them may be somebody's home."""
    (tmp_path / "bin").mkdir(mode=0o700)
    with pytest.raises(ConfigurationError, match=r"can't reach .*: install `ingestor"):
        copied(tmp_path / "bin")


def test_what_changes_while_it_is_copied_is_not_taken_for_what_it_was(
    tmp_path: Path, system_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changing = private_copy(tmp_path / "changing")
    copy_to = Install.copy_to

    def upgraded_meanwhile(install: Install, folder: Path) -> None:
        (changing / "postgres").write_bytes(b"another version")
        copy_to(install, folder)

    monkeypatch.setattr(Install, "copy_to", upgraded_meanwhile)
    with pytest.raises(ConfigurationError, match="changed while it was copied"):
        copied(changing)
    assert copies(system_folder) == []
