"""A command that runs while the test does something to it."""

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.conftest import CommandLine
from tests.support.waiting import wait_for


class Running:
    """A command that runs, and what it says as it comes."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.said: list[str] = []
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def wait_for(self, text: str) -> None:
        wait_for(lambda: any(text in line for line in self.said))

    def reports(self) -> Iterator[dict[str, object]]:
        """Of its passes."""
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            yield json.loads(line)

    def ended(self) -> int:
        return self.process.wait(timeout=200)

    def stopped(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(iter(self.process.stderr.readline, ""))


@contextmanager
def running(command: CommandLine, *arguments: str) -> Iterator[Running]:
    run = Running(command.start(*arguments))
    try:
        yield run
    finally:
        run.close()
