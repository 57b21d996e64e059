"""A machine that has what every system has, and no Python 3.13; and a mirror of the interpreters that uv fetches."""

import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = "20990101"
UPSTREAM = "https://github.com/astral-sh/python-build-standalone/releases/download"
_SYSTEM_PROGRAMS = (
    "bash", "sh", "env", "ls", "cat", "dirname", "basename", "mkdir", "rm", "tail", "head", "grep", "sed", "awk", "df",
)  # fmt: skip
_NOT_PACKED = frozenset({"test", "__pycache__", "site-packages", "idlelib", "turtledemo", "pkgconfig"})
# find_python.sh asks for the version so; another answer is another version.
_OLDER_PYTHON = '#!/bin/sh\n[ -z "${{VERSIONS:-}}" ] || exit 1\nexec "{python}" "$@"\n'


def path_without_python(folder: Path) -> Path:
    """To be PATH. `id` tells a user without a home, in whose pyenv there might be one."""
    folder.mkdir()
    for name in _SYSTEM_PROGRAMS:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    write_program(folder / "id", "#!/bin/sh\necho nobody\n")
    return folder


def add_older_python(path: Path) -> None:
    write_program(path / "python3", _OLDER_PYTHON.format(python=base_python()))


def add_uv(path: Path) -> None:
    (path / "uv").symlink_to(ROOT / ".venv" / "bin" / "uv")


def base_python() -> str:
    base: str = getattr(sys, "_base_executable", sys.executable)
    return base


def tools_in(folder: Path) -> Path:
    """A clone's part of it that finds Python."""
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "tools", folder / "tools")
    return folder


def find_python(clone: Path, path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return run_tool("find_python.sh", clone, path, **variables)


def run_tool(name: str, clone: Path, path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment: Mapping[str, str] = {
        "PATH": str(path), "HOME": str(clone), "TMPDIR": str(clone), "UV_HTTP_RETRIES": "0", **variables,
    }  # fmt: skip
    return subprocess.run(
        [clone / "tools" / name],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def mirror_of_this_python(folder: Path) -> dict[str, str]:
    """Packs the interpreter that runs us as python-build-standalone would. Returns what tells uv of it."""
    version = platform.python_version()
    machine = platform.machine()
    name = f"cpython-{version}+{BUILD}-{machine}-unknown-linux-gnu-install_only.tar.gz"
    archive = folder / BUILD / name
    archive.parent.mkdir(parents=True)
    _pack(Path(sys.base_prefix), archive)
    listed = {
        f"cpython-{version}-linux-{machine}-gnu": {
            "name": "cpython", "arch": {"family": machine, "variant": None}, "os": "linux", "libc": "gnu",
            "major": sys.version_info.major, "minor": sys.version_info.minor, "patch": sys.version_info.micro,
            "prerelease": "", "url": f"{UPSTREAM}/{BUILD}/{name.replace('+', '%2B')}",
            "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(), "variant": None, "build": BUILD,
        }
    }  # fmt: skip
    (folder / "downloads.json").write_text(json.dumps(listed))
    return {"UV_PYTHON_DOWNLOADS_JSON_URL": str(folder / "downloads.json")}


def wheel_of_uv(folder: Path) -> Path:
    """From the files of the installed one: what an index would give."""
    folder.mkdir()
    uv = distribution("uv")
    wheel = folder / f"uv-{uv.version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in uv.files or ():
            if file.parts[-2] == "bin":
                archive.write(file.locate(), f"uv-{uv.version}.data/scripts/{file.name}")
            elif file.suffix != ".pyc":
                archive.write(file.locate(), str(file))
    return wheel


def _pack(prefix: Path, archive: Path) -> None:
    with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
        packed.add(prefix / "lib", "python/lib", filter=_wanted)
        for path in sorted((prefix / "bin").glob("python3*")):
            if path.is_symlink() and "config" not in path.name:
                packed.add(path, f"python/bin/{path.name}")
        program = (prefix / "bin" / f"python3.{sys.version_info.minor}").read_bytes()
        member = tarfile.TarInfo(f"python/bin/python3.{sys.version_info.minor}")
        member.mode = 0o755
        relocatable = _relocatable(program, prefix)
        member.size = len(relocatable)
        packed.addfile(member, io.BytesIO(relocatable))


def _relocatable(program: bytes, prefix: Path) -> bytes:
    """One that was built with a shared library looks for it by a path of this machine."""
    rpath = os.fsencode(prefix / "lib")
    return program.replace(rpath, b"$ORIGIN/../lib".ljust(len(rpath), b"\0"))


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    parts = set(Path(member.name).parts)
    return None if parts & _NOT_PACKED or member.name.endswith(".a") else member


def write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
