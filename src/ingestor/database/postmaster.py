"""The pid file and the log that a PostgreSQL leaves in its data folder.

https://www.postgresql.org/docs/current/storage-file-layout.html
"""

import re
from pathlib import Path

_PORT_LINE = 3
# Of all that a program printed, the first of these that some line has tells what went wrong.
_TELLING = (
    r"((?:could not|cannot) .*(?:No space left on device|Disk quota exceeded).*)",
    r"(?:FATAL|PANIC): +(.*)",
    r"\berror: (.*)",
    r"(cannot .*)",
    r"(could not .*)",
)


def port_of(data: Path) -> int:
    return int(_pid_file_lines(data)[_PORT_LINE])


def pid_is_reused(data: Path) -> bool:
    """After a crash of the machine, the pid in the file may be another program's: pg_ctl would take it for ours."""
    lines = _pid_file_lines(data)
    try:
        name = (Path("/proc") / lines[0].strip() / "comm").read_text() if lines else ""
    except OSError:  # no such process, or no /proc: pg_ctl knows as much
        return False
    return name.strip() not in {"", "postgres"}


def forget_reused_pid(data: Path) -> None:
    if pid_is_reused(data):
        (data / "postmaster.pid").unlink()


def reason_in(said: str) -> str:
    """The one line of it that a person needs."""
    lines = said.strip().splitlines()
    for pattern in _TELLING:
        found = [match[1] for line in lines if (match := re.search(pattern, line))]
        if found:
            return found[-1]
    return lines[-1] if lines else "it said nothing"


def _pid_file_lines(data: Path) -> list[str]:
    path = data / "postmaster.pid"
    return path.read_text().splitlines() if path.exists() else []
