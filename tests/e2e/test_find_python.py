"""`make` without a Python 3.13: one is fetched, and said to be; else what to install is said."""

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.support.bare_machine import (
    add_older_python,
    add_uv,
    base_python,
    find_python,
    mirror_of_this_python,
    path_without_python,
    run_tool,
    tools_in,
    wheel_of_uv,
    write_program,
)

ELSEWHERE = tuple(Path(folder, "python3.13") for folder in ("/opt/homebrew/bin", "/usr/local/bin"))
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="packs Linux' layout of an interpreter"),
    pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="packs the interpreter it runs on, as a 3.13"),
    pytest.mark.skipif(
        any(path.exists() for path in ELSEWHERE), reason="this machine's 3.13 is where we look"
    ),
]
NONE_FOUND = "No Python 3.13 with venv was found: not on PATH, not in pyenv's versions, not among uv's.\n"
NOBODY_THERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("mirror")
    return folder, mirror_of_this_python(folder)


@pytest.fixture
def mirror_by_http(mirror: tuple[Path, dict[str, str]]) -> Iterator[dict[str, str]]:
    folder, listed = mirror

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {**listed, "UV_PYTHON_INSTALL_MIRROR": f"http://127.0.0.1:{server.server_port}"}
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mirror_by_file(mirror: tuple[Path, dict[str, str]]) -> dict[str, str]:
    folder, listed = mirror
    return {**listed, "UV_PYTHON_INSTALL_MIRROR": folder.as_uri()}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return tools_in(tmp_path / "größer und länger")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return path_without_python(tmp_path / "bin")


def makes_environments(python: Path, folder: Path) -> bool:
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    version = subprocess.run(
        [folder / "bin" / "python", "--version"], capture_output=True, text=True, check=True
    )
    return version.stdout.startswith("Python 3.13.")


def test_a_uv_that_is_there_fetches_it_into_the_clone(
    clone: Path, path: Path, mirror_by_file: dict[str, str], tmp_path: Path
) -> None:
    add_uv(path)
    done = find_python(clone, path, **mirror_by_file)
    assert (done.returncode, done.stderr) == (0, "no Python 3.13 here: uv fetches one into .tools/python\n")
    python = Path(done.stdout.strip())
    assert python.is_relative_to(clone / ".tools" / "python")
    assert makes_environments(python, tmp_path / "environment")
    assert not (clone / ".local").exists()
    again = find_python(clone, path, UV_PYTHON_INSTALL_MIRROR=NOBODY_THERE)
    assert (again.returncode, again.stdout, again.stderr) == (0, done.stdout, "")


def test_any_other_python_installs_a_uv_that_fetches_it(
    clone: Path, path: Path, mirror_by_http: dict[str, str], tmp_path: Path
) -> None:
    add_older_python(path)
    index = wheel_of_uv(tmp_path / "index")
    variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index.parent), "PIP_CONFIG_FILE": "/dev/null"}
    done = find_python(clone, path, **variables, **mirror_by_http)
    assert (done.returncode, done.stderr) == (0, "no Python 3.13 here: uv fetches one into .tools/python\n")
    assert makes_environments(Path(done.stdout.strip()), tmp_path / "environment")
    assert (clone / ".tools" / "uv" / "bin" / "uv").exists()


def test_offline_with_a_uv_what_to_install_is_said(clone: Path, path: Path) -> None:
    add_uv(path)
    done = find_python(clone, path, UV_PYTHON_INSTALL_MIRROR=NOBODY_THERE)
    assert (done.returncode, done.stdout) == (1, "")
    said, why, rest = done.stderr.split("\n", 2)
    assert said == "no Python 3.13 here: uv fetches one into .tools/python"
    assert why.startswith("uv could not fetch it: ")
    assert "Connection refused" in why
    assert rest.startswith(NONE_FOUND)


def test_offline_without_a_uv_what_to_install_is_said(clone: Path, path: Path) -> None:
    add_older_python(path)
    done = find_python(clone, path, PIP_INDEX_URL=NOBODY_THERE, PIP_RETRIES="0", PIP_CONFIG_FILE="/dev/null")
    assert (done.returncode, done.stdout) == (1, "")
    said, why, rest = done.stderr.split("\n", 2)
    assert said == "no Python 3.13 here: uv fetches one into .tools/python"
    assert why == "no uv here either, and none could be installed (no network?)"
    assert rest.startswith(NONE_FOUND)


def test_without_any_python_what_to_install_is_said(clone: Path, path: Path) -> None:
    done = find_python(clone, path)
    assert done.returncode == 1
    assert NONE_FOUND in done.stderr


def test_the_one_that_is_chosen_is_taken(clone: Path, path: Path) -> None:
    done = find_python(clone, path, PYTHON=base_python())
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, base_python(), "")


@pytest.mark.parametrize("chosen", ["python3", "no-such-python"])
def test_one_that_will_not_do_is_refused_in_one_sentence(clone: Path, path: Path, chosen: str) -> None:
    add_older_python(path)
    done = find_python(clone, path, PYTHON=chosen)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"PYTHON={chosen} is no Python 3.13 or 3.14 with venv: name another one, or leave PYTHON away\n"
    )


def test_the_functions_python_is_another_one_where_a_newer_was_chosen_for_the_project(
    clone: Path, path: Path
) -> None:
    (clone / ".venv" / "bin").mkdir(parents=True)
    write_program(clone / ".venv" / "bin" / "python", "#!/bin/sh\nexit 1\n")  # as a 3.14 answers
    (path / "python3.13").symlink_to(base_python())
    done = run_tool("runtime_python.sh", clone, path, PYTHON="python3.14")
    assert (done.returncode, done.stderr) == (0, "")
    assert Path(done.stdout.strip()).samefile(base_python())
