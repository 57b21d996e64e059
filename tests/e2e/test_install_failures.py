"""An installation that fails says in one sentence what to do, and the next one goes on from whatever it left."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.bare_machine import ROOT, base_python
from tests.support.private_folders import mounting, run_mounted

OFFLINE = {
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0",
    "PIP_NO_CACHE_DIR": "1", "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0",
}  # fmt: skip
NO_INDEX = "The package index can't be reached: check the network and the proxy settings, then run make again"


def clone_in(folder: Path) -> Path:
    """What `make install` needs of one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("Makefile", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "tools", folder / "tools")
    return folder


def make_install(clone: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    # These tests are themselves run by make, which would count levels and pass its own flags on.
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment = {**outer, **OFFLINE, "UV_CACHE_DIR": str(clone / "cache"), **variables}
    return subprocess.run(
        ["make", "install", f"PYTHON={base_python()}"],
        cwd=clone, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def attempt(said: str, status: int = 1) -> subprocess.CompletedProcess[str]:
    script = '. tools/attempt.sh; attempt sh -c \'printf "%s\\n" "$1"; exit "$2"\' sh "$1" "$2"'
    return subprocess.run(
        ["bash", "-c", script, "bash", said, str(status)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_offline_that_is_said_whatever_an_interrupted_one_left(tmp_path: Path) -> None:
    clone = clone_in(tmp_path / "größer und länger")
    subprocess.run([base_python(), "-m", "venv", "--without-pip", clone / ".venv"], check=True)
    done = make_install(clone)
    said = [line for line in done.stderr.splitlines() if not line.startswith("make: ")]
    assert done.returncode == 2
    assert said[0] == "installing into .venv"
    assert said[1].startswith(NO_INDEX)
    assert len(said) == 2
    assert (clone / ".venv" / "bin" / "pip").exists()


def test_another_interpreter_is_asked_for_and_is_none(tmp_path: Path) -> None:
    clone = clone_in(tmp_path / "clone")
    done = subprocess.run(
        ["make", "install", "PYTHON=/bin/false"], cwd=clone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "PYTHON=/bin/false is no Python 3.13 or 3.14 with venv" in done.stderr


@mounting
def test_on_a_full_disk_that_is_said(tmp_path: Path) -> None:
    clone = clone_in(tmp_path / "clone")
    full = tmp_path / "full"
    script = f'cp -r "$1"/. "$0"; cd "$0"; exec make install PYTHON={base_python()}'
    done = run_mounted(full, "size=3m", ["sh", "-c", script, full, clone])
    assert done.returncode == 2
    assert f"The disk is full: make room where {full} and " in done.stderr
    assert "Traceback" not in done.stderr


@mounting
@pytest.mark.parametrize("home", ["/nonexistent", ""])
def test_in_a_folder_that_can_not_be_written_to_that_is_said(tmp_path: Path, home: str) -> None:
    clone = clone_in(tmp_path / "clone")
    frozen = tmp_path / "frozen"
    script = (
        'cp -r "$1"/. "$0"; mount -o remount,ro "$0"; cd "$0"; '
        f"HOME={home} exec make install PYTHON={base_python()}"
    )
    done = run_mounted(frozen, "size=3m", ["sh", "-c", script, frozen, clone])
    assert done.returncode == 2
    assert "can't be written to: see to that, then run make again (" in done.stderr
    assert "Read-only file system" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("error: Failed to fetch: `x`\n  cause: dns error\n  hint: none", f"{NO_INDEX} (cause: dns error)."),
        ("ERROR: Could not find a version that satisfies uv (from versions: none)", f"{NO_INDEX} (ERROR: "),
        (
            "error: failed to write to `/x`: No space left on device (os error 28)",
            "The disk is full: make room",
        ),
        ("error: failed to create `/x`: Permission denied (os error 13)", f"{ROOT}, "),
    ],
)
def test_what_a_tool_says_of_a_failure_becomes_one_sentence(said: str, sentence: str) -> None:
    done = attempt(said)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_failure_is_quoted_whole() -> None:
    done = attempt("first\nsecond")
    assert (done.returncode, done.stderr.splitlines()[:2]) == (1, ["first", "second"])


def test_what_a_tool_that_succeeded_said_is_not_lost() -> None:
    done = attempt("a warning", status=0)
    assert (done.returncode, done.stderr) == (0, "a warning\n")


@pytest.mark.parametrize("home", [None, "", "/nonexistent"])
def test_without_a_home_that_can_be_written_to_a_folder_of_the_clone_stands_in(
    tmp_path: Path, home: str | None
) -> None:
    clone = clone_in(tmp_path / "clone")
    environment = {name: value for name, value in os.environ.items() if name != "HOME"}
    if home is not None:
        environment["HOME"] = home
    said = subprocess.run(
        [clone / "tools" / "home.sh"], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()
    if home is None:
        assert said in {str(clone / ".tools" / "home"), str(Path(f"~{_me()}").expanduser())}
    else:
        assert said == str(clone / ".tools" / "home")
    assert os.access(said, os.W_OK)


def _me() -> str:
    done = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_shells_own_python_variable_chooses_nothing(tmp_path: Path) -> None:
    """Other programs' users export it."""
    makefile = clone_in(tmp_path / "clone") / "Makefile"
    makefile.write_text(makefile.read_text() + '\nshow:\n\t@echo "[$$PYTHON]"\n')
    environment = {**os.environ, "PYTHON": sys.executable}
    for arguments, shown in (([], "[]\n"), (["PYTHON=python3.14"], "[python3.14]\n")):
        done = subprocess.run(
            ["make", "-s", "-C", makefile.parent, "show", *arguments],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout == shown
