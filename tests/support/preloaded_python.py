"""A Python that has imported the libraries, and none of our own code: it forks one process a command.

`python preloaded_python.py DESCRIPTOR` is told over that socket what to run. Each process imports our own code anew, as
`python -m` does, and ends as any Python does; only the libraries' import, most of a short command's CPU, is saved.
"""

import json
import os
import runpy
import signal
import socket
import sys
import time
from importlib import import_module
from typing import Any

LIBRARIES = (
    "boto3.s3.inject",
    "click",
    "isal.igzip",
    "msgspec",
    "psycopg",
    "pydantic.functional_validators",
    "pydantic.main",
    "pydantic.types",
    "rich.console",
    "rich.live",
    "rich.markup",
    "rich.progress",
    "rich.table",
)


def next_order(host: socket.socket) -> dict[str, Any] | None:
    """Returns in the process that is to run it; in this one, once the host is gone, with None."""
    while True:
        byte, descriptors, _flags, _address = socket.recv_fds(host, 1, 4)
        if not byte:
            return None
        if os.fork() == 0:
            host.close()
            return _begin(*descriptors)
        for each in descriptors:
            os.close(each)


def _begin(stdin: int, stdout: int, stderr: int, conversation: int) -> dict[str, Any]:
    """The order in the command's own process. Its parent waits for it, tells how it ended, and ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    talk = socket.socket(fileno=conversation)
    with talk.makefile("rb") as lines:
        order: dict[str, Any] = json.loads(lines.readline())
    process_id = os.fork()
    if process_id:
        for each in (stdin, stdout, stderr):
            os.close(each)
        talk.sendall(b"%d\n" % process_id)
        _, status = os.waitpid(process_id, 0)
        talk.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    talk.close()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, each in enumerate((stdin, stdout, stderr)):
        os.dup2(each, number)
        os.close(each)
    return order


def run(order: dict[str, Any]) -> None:
    os.umask(order["umask"])
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    sys.path[0] = os.getcwd()  # noqa: PTH109 - as `python -m` has it
    sys.argv[1:] = order["arguments"]
    runpy.run_module(order["module"], run_name="__main__", alter_sys=True)


def _bury(_number: int, _frame: object) -> None:
    """Those that waited for a command, so that their CPU time is counted with this process' own."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def main() -> None:
    for each in LIBRARIES:
        import_module(each)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, _bury)
    order = next_order(socket.socket(fileno=int(sys.argv[1])))
    if order is not None:
        run(order)


if __name__ == "__main__":
    main()
