"""`python -m` as a process of its own that need not import the libraries first: a Python that has them forks it."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

PRELOADED = Path(__file__).with_name("preloaded_python.py")


@dataclass(frozen=True)
class Order:
    module: str
    arguments: Sequence[str | Path]
    folder: Path
    environment: Mapping[str, str]

    def encoded(self) -> bytes:
        return json.dumps(
            {
                "module": self.module,
                "arguments": [os.fspath(each) for each in self.arguments],
                "folder": os.fspath(self.folder),
                "environment": dict(self.environment),
                "umask": _umask(),
            }
        ).encode()


def run_anew(order: Order, stdin: bytes, seconds: float) -> "subprocess.CompletedProcess[bytes]":
    """By a Python of its own, for what only a fresh interpreter does."""
    return subprocess.run(
        [sys.executable, "-m", order.module, *order.arguments],
        cwd=order.folder,
        env=order.environment,
        input=stdin,
        capture_output=True,
        timeout=seconds,
        check=False,
    )


class PreloadedPython:
    """It waits for orders until it is closed. Several may run at once."""

    def __init__(self, python_path: Path) -> None:
        self._host, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, PRELOADED, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": str(python_path)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def close(self) -> None:
        self._host.close()
        self._process.wait()

    def run(self, order: Order, stdin: bytes, seconds: float) -> "subprocess.CompletedProcess[bytes]":
        with ExitStack() as stack:
            talk, theirs = (stack.enter_context(each) for each in socket.socketpair())
            into, out, err = _Pipe(stack), _Pipe(stack), _Pipe(stack)
            given = (into.out, out.into, err.into, theirs)
            socket.send_fds(self._host, [b"!"], [each.fileno() for each in given])
            for each in given:
                each.close()
            talk.settimeout(seconds)
            talk.sendall(order.encoded() + b"\n")
            answers = stack.enter_context(talk.makefile("rb"))
            process_id = int(answers.readline())
            with ThreadPoolExecutor(3) as pool:
                pool.submit(_write, into.into, stdin)
                stdout, stderr = pool.submit(out.out.read), pool.submit(err.out.read)
                try:
                    status = int(answers.readline())
                except TimeoutError:
                    os.kill(process_id, signal.SIGKILL)
                    raise
            return subprocess.CompletedProcess(order.arguments, status, stdout.result(), stderr.result())


class _Pipe:
    """Both ends, closed with `stack` at the latest."""

    def __init__(self, stack: ExitStack) -> None:
        out, into = os.pipe()
        self.out = stack.enter_context(os.fdopen(out, "rb"))
        self.into = stack.enter_context(os.fdopen(into, "wb"))


@cache
def preloaded_python(python_path: Path) -> PreloadedPython:
    """This test process' own, until it ends."""
    made = PreloadedPython(python_path)
    atexit.register(made.close)
    return made


def _write(end: BinaryIO, content: bytes) -> None:
    """All of it, or what is wanted of it."""
    try:
        with end:
            end.write(content)
    except BrokenPipeError:
        pass


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
