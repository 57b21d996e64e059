"""S3 and SQS as a process of their own: in this one they would compete with the suite for the interpreter.

The short suite has moto's server; the long one ministack, which `make faults` installs: it is several times as fast.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.cloud import Cloud

START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Aws:
    port: int
    pid: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def moto(folder: Path) -> Iterator[Aws]:
    """Begun before it answers: `wait_until_it_listens` it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with (folder / "moto.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield Aws(port, process.pid)
    finally:
        process.kill()
        process.wait()


@contextmanager
def ministack(folder: Path) -> Iterator[Aws]:
    cloud = Cloud(folder / "ministack")
    cloud.start()
    try:
        yield Aws(int(cloud.endpoint.rpartition(":")[2]), cloud.group)
    finally:
        cloud.stop()


def wait_until_it_listens(aws: Aws) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", aws.port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError("S3 and SQS did not start")
