"""The host's side of the zygote: workers that are forked, frozen, woken and killed."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.faults.channel import Channel
from tests.faults.doom import Doom

ROOT = Path(__file__).parents[2]
ANSWER_SECONDS = 60
"""For what takes milliseconds on an idle machine: the suite reports a worker that is stuck, and hangs with none."""


@dataclass
class Worker:
    """`status` as `subprocess` has it, once `ended` is set."""

    pid: int
    channel: Channel
    role: str
    _zygote: "Workers" = field(repr=False)
    ended: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    status: int | None = None

    @property
    def is_alive(self) -> bool:
        return not self.ended.is_set()

    @property
    def was_killed(self) -> bool:
        return self.ended.is_set() and self.status == -signal.SIGKILL

    def kill(self) -> None:
        self._zygote.signal(self, signal.SIGKILL)

    def freeze(self) -> None:
        self._zygote.signal(self, signal.SIGSTOP)

    def wake(self) -> None:
        self.stopped.clear()
        self._zygote.signal(self, signal.SIGCONT)

    def ask(self, event: object, *, seconds: float, is_short: bool = False) -> None:
        """An invocation with so many seconds to go; `is_short`: after its first chunk, they are nearly over."""
        self.channel.send({"event": event, "seconds": seconds, "is_short": is_short})

    def loaders(self) -> list[int]:
        """The processes that a `run --workers` started."""
        return [pid for pid in _children(self.pid) if "spawn_main" in _command_line(pid)]

    def kill_loader(self, pid: int) -> bool:
        """Whether it was there to be killed."""
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            return False
        try:
            # Looked at again: from here on the descriptor is of this process and no later one.
            is_ours = pid in _children(self.pid)
            if is_ours:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return is_ours

    def memory_kib(self) -> int:
        """The most it ever had resident; 0 when it is gone."""
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        except OSError:
            return 0
        return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)

    def end(self) -> int:
        """It goes by itself once nobody talks to it; one that does not is killed."""
        self.wake()
        with suppress(OSError):
            self.channel.socket.shutdown(socket.SHUT_RDWR)
        if not self.ended.wait(ANSWER_SECONDS):
            self.kill()
            self.ended.wait(ANSWER_SECONDS)
        self.channel.close()
        return self.status if self.status is not None else -signal.SIGKILL


class Workers:
    """One zygote; several threads may ask it at once."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._answers: dict[int, int] = {}
        self._answered = threading.Condition(self._lock)
        self._workers: dict[int, Worker] = {}
        self._early: dict[int, dict[str, Any]] = {}
        self._sessions: set[int] = set()
        self._is_over = False

    def __enter__(self) -> Self:
        ours, theirs = socket.socketpair()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.zygote", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
                    "PYTHONUNBUFFERED": "1",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        theirs.close()
        self._channel = Channel(ours)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._channel.socket.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(ANSWER_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            end_sessions(self._sessions)
            self._listener.join()
            self._channel.close()

    def arrange(self, environment: Mapping[str, str]) -> None:
        """From now on workers are forked with these variables."""
        self._ask({"do": "arrange", "environment": dict(environment)})

    def fork(self, role: str, *arguments: str, doom: Doom | None = None) -> Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            order = {
                "do": "fork",
                "role": role,
                "arguments": list(arguments),
                "doom": asdict(doom) if doom else None,
            }
            pid = self._ask(order, theirs.fileno())
        worker = Worker(pid, Channel(ours), role, self)
        with self._lock:
            self._workers[pid] = worker
            if role == "program":
                self._sessions.add(pid)
            early = self._early.pop(pid, None)
        if early:
            self._tell(worker, early)
        return worker

    @contextmanager
    def worker(self, role: str, *arguments: str, doom: Doom | None = None) -> Iterator[Worker]:
        worker = self.fork(role, *arguments, doom=doom)
        try:
            yield worker
        finally:
            worker.end()

    def signal(self, worker: Worker, number: signal.Signals) -> None:
        """Through the zygote, the only one who knows that the pid is still that worker's."""
        if worker.is_alive:
            self._ask({"do": "signal", "pid": worker.pid, "signal": int(number)})

    def _ask(self, order: dict[str, Any], *descriptors: int) -> int:
        with self._answered:
            number = next(self._numbers)
            self._channel.send({**order, "number": number}, *descriptors)
            if not self._answered.wait_for(lambda: number in self._answers or self._is_over, ANSWER_SECONDS):
                raise TimeoutError(f"the zygote did not answer: {self.log.read_text()[-2000:]}")
            if number not in self._answers:
                raise RuntimeError(f"the zygote died: {self.log.read_text()[-2000:]}")
            return self._answers.pop(number)

    def _listen(self) -> None:
        while (said := self._channel.receive()) is not None:
            with self._answered:
                if "number" in said:
                    self._answers[said["number"]] = said["pid"]
                    self._answered.notify_all()
                    continue
                pid: int = said["ended"] if "ended" in said else said["stopped"]
                worker = self._workers.get(pid)
                if worker is None:
                    self._early[pid] = said
                    continue
            self._tell(worker, said)
        with self._answered:
            self._is_over = True
            self._answered.notify_all()

    def _tell(self, worker: Worker, said: dict[str, Any]) -> None:
        if "stopped" in said:
            worker.stopped.set()
            return
        with self._lock:
            self._workers.pop(worker.pid, None)
        worker.status = said["status"]
        worker.ended.set()


def end_sessions(leaders: set[int]) -> None:
    """What a program started and left behind when it was killed: a test has told of it, and nobody else ends it."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name in parentheses may hold anything; then come state, parent, group and session.
            session = int(path.read_text().rpartition(")")[2].split()[3])
            if session in leaders:
                os.kill(int(path.parent.name), signal.SIGKILL)


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
