"""A process that has imported everything, holds no connection and runs no thread: it forks workers on request.

`python -m tests.faults.zygote DESCRIPTOR` talks over that socket. A worker is there within some milliseconds, and dies
with this process.
"""

import ctypes
import gc
import os
import selectors
import signal
import socket
import sys
import traceback
from typing import Any, NoReturn

from tests.faults import doom
from tests.faults.channel import Channel
from tests.faults.hurry import hurry
from tests.faults.roles import FUNCTION_FAILED, ROLES

from handler.runtime import runtime
from handler.sweep import sweep_runtime

PR_SET_PDEATHSIG = 1


class Zygote:
    def __init__(self, host: Channel) -> None:
        self._host = host
        self._children: set[int] = set()
        self._environment: dict[str, str] = {}
        self._woken, wakes = os.pipe()
        self._own = (self._woken, wakes)
        for end in self._own:
            os.set_blocking(end, False)
        self._selector = selectors.DefaultSelector()
        for each in (host.socket, self._woken):
            self._selector.register(each, selectors.EVENT_READ)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(wakes)

    def work(self) -> None:
        """Until the host goes; then its workers go as well."""
        while True:
            ready = {key.fd for key, _events in self._selector.select()}
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._tell_of_children()
            if self._host.socket.fileno() in ready and not self._obey_all():
                self._end_children()
                return

    def _obey_all(self) -> bool:
        """What came at once; False: the host is gone."""
        while True:
            order = self._host.receive()
            if order is None:
                return False
            self._obey(order)
            if not self._host.has_unread:
                return True

    def _obey(self, order: dict[str, Any]) -> None:
        match order["do"]:
            case "arrange":
                self._arrange(order["environment"])
                self._host.send({"number": order["number"], "pid": 0})
            case "fork":
                self._fork(order, self._host.descriptor())
            case "signal":
                if order["pid"] in self._children:
                    os.kill(order["pid"], order["signal"])
                self._host.send({"number": order["number"], "pid": order["pid"]})
            case unknown:
                raise ValueError(f"what is {unknown!r}?")

    def _arrange(self, environment: dict[str, str]) -> None:
        """What a Lambda container makes once is made here, for all workers: clients, and no connection."""
        for name in self._environment:
            os.environ.pop(name, None)
        self._environment = environment
        os.environ.update(environment)
        for made in (runtime, sweep_runtime):
            made.cache_clear()
            made()
        gc.collect()
        gc.freeze()

    def _fork(self, order: dict[str, Any], descriptor: int) -> None:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - its only form
        pid = os.fork()
        if pid == 0:
            self._become(order, descriptor)
        os.close(descriptor)
        self._children.add(pid)
        self._host.send({"number": order["number"], "pid": pid})

    def _become(self, order: dict[str, Any], descriptor: int) -> NoReturn:
        status = FUNCTION_FAILED
        try:
            signal.set_wakeup_fd(-1)
            self._selector.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._host.close()
            for end in self._own:
                os.close(end)
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if order["doom"] is not None:
                doom.install(doom.Doom(**order["doom"]))
            with socket.socket(fileno=descriptor) as conversation:
                status = ROLES[order["role"]](Channel(conversation), order["arguments"])
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(bool(end.code))
        except BaseException:  # noqa: BLE001 - this process must not go on as a second zygote
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _tell_of_children(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                return
            if os.WIFSTOPPED(status):
                self._host.send({"stopped": pid})
            else:
                self._children.discard(pid)
                self._host.send({"ended": pid, "status": os.waitstatus_to_exitcode(status)})

    def _end_children(self) -> None:
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)


def main() -> None:
    hurry()
    Zygote(Channel(socket.socket(fileno=int(sys.argv[1])))).work()


if __name__ == "__main__":
    main()
