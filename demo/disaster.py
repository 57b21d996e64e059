"""The second act: a worker is killed in the middle of a file, the database stops, and nobody repairs anything."""

import gzip
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.generate import entries
from demo.cloud import Cloud
from demo.observe import FileState
from demo.programs import DemoError
from demo.uploads import DATA, Upload, exactly

from ingestor import ledger
from ingestor.database import Database

LARGE = "api/large.json.gz"
LARGE_ENTRIES = 60_000
SMALL_FILES = 3
OUTAGE_SECONDS = 3.0
LEASE_SECONDS = 15
"""The shortest that the template takes: after that a dead worker's file is free. 120 is its default."""
SWEEP_EVERY_SECONDS = 2.0
"""Two minutes by default; nobody wants to watch that."""

_CATCH_SECONDS = 30.0


def large_upload() -> Upload:
    """Many chunks, so that there is a middle to kill its worker in."""
    lines = "\n".join(json.dumps(entry) for entry in entries(LARGE_ENTRIES))
    body = gzip.compress(lines.encode(), compresslevel=1)
    return Upload(LARGE, body, "its worker is killed half-way", rows=exactly(LARGE_ENTRIES))


def uploads_during_outage() -> tuple[Upload, ...]:
    """Small real files."""
    content = json.loads(gzip.decompress((DATA / "pino-http-1.json.gz").read_bytes()))
    return tuple(
        Upload(
            f"api/outage-{number}.json.gz",
            gzip.compress(json.dumps(content[: 100 * number]).encode()),
            "uploaded while the database was down",
            rows=exactly(100 * number),
        )
        for number in range(1, SMALL_FILES + 1)
    )


def kill_in_the_middle(cloud: Cloud, function: str, state: Callable[[], FileState | None]) -> FileState:
    """The file as it was when its worker died. Raises DemoError when no worker could be caught at it."""
    until = time.monotonic() + _CATCH_SECONDS
    while time.monotonic() < until:
        file = state()
        if file is not None and file.is_settled:
            raise DemoError(f"{file.key} was loaded before its worker could be killed")
        if file is not None and file.rows:
            for process in _workers(cloud, function):
                os.kill(process, signal.SIGKILL)
            return file
        time.sleep(0.005)
    raise DemoError(f"nobody began to load {LARGE}")


def _workers(cloud: Cloud, function: str) -> list[int]:
    """ministack runs each function as processes of its own group, in a folder named after the function."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid=,args="],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found = []
    for line in listed.stdout.splitlines():
        pid, group, arguments = line.split(maxsplit=2)
        if (
            int(group) == cloud.group
            and f"-{function}-" in arguments
            and Path(arguments.split()[-1]).name == "_worker.py"
        ):
            found.append(int(pid))
    return found


def history(database: Database, bucket: str) -> list[str]:
    """What happened to the large file, one event a line, checkpoints of one claim as one."""
    with database.transaction() as connection:
        record = ledger.find_file(connection, bucket, LARGE)
        events = ledger.file_history(connection, record).events if record else []
    lines: list[str] = []
    rows = 0
    for event, following in zip(events, [*events[1:], None], strict=True):
        rows += event.rows or 0
        if event.event == "checkpoint" and following is not None and following.event == "checkpoint":
            continue
        said = f"{event.event}, {rows:,} rows so far" if event.rows else event.event
        lines.append(f"{event.at:%H:%M:%S}  claim {event.version}: {said}")
    return lines
