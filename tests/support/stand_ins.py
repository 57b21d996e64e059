"""`docker` and `sam` as programs that answer what the real ones were seen to answer, and note how they were called."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CONTAINER = "4f0c9d1ea3b2" * 5 + "4f0c"
NETWORK: dict[str, Any] = {
    "Name": "bridge",
    "Scope": "local",
    "Driver": "bridge",
    "IPAM": {
        "Driver": "default",
        "Options": None,
        "Config": [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}],
    },
    "Options": {
        "com.docker.network.bridge.default_bridge": "true",
        "com.docker.network.bridge.name": "docker0",
        "com.docker.network.driver.mtu": "1500",
    },
}
"""Of `docker network inspect bridge` (28.2), as far as it matters."""

SAM_BEGINS = f"""\
Invoking handler.object_created.lambda_handler (python3.13)
Local image is up-to-date
Using local image: public.ecr.aws/lambda/python:3.13-rapid-x86_64.

Mounting /clone/.demo/build/HandlerFunction as /var/task:ro,delegated, inside runtime container
SAM_CONTAINER_ID: {CONTAINER}
START RequestId: 7d1d5d3c-0d4c-4a5e-8e0f-6c3b5e2f1a10 Version: $LATEST
"""
"""What `sam local invoke` (1.170) says on standard error."""
SAM_ENDS = """\
END RequestId: 7d1d5d3c-0d4c-4a5e-8e0f-6c3b5e2f1a10
REPORT RequestId: 7d1d5d3c-0d4c-4a5e-8e0f-6c3b5e2f1a10\tInit Duration: 0.07 ms\tDuration: 812.40 ms
"""

_PROGRAM = """\
#!{python}
import json, os, sys, time
with open({calls!r}, "a") as calls:
    calls.write(json.dumps({{"arguments": sys.argv[1:], "environment": dict(os.environ)}}) + "\\n")
for begins, answer in {answers!r}:
    if sys.argv[1:1 + len(begins)] == begins:
        sys.stderr.write(answer["stderr"])
        sys.stderr.flush()
        sys.stdout.write(answer["stdout"])
        sys.stdout.flush()
        if answer["seconds"]:
            open({hanging!r}, "w").close()
            time.sleep(answer["seconds"])
        sys.exit(answer["status"])
sys.exit(f"no such command of the stand-in: {{sys.argv[1:]}}")
"""


@dataclass(frozen=True, slots=True)
class Call:
    arguments: list[str]
    environment: dict[str, str]


@dataclass
class StandIn:
    """The first answer whose beginning fits the arguments is given."""

    path: Path
    answers: list[tuple[list[str], dict[str, Any]]] = field(default_factory=list)

    def answer(
        self, *begins: str, stdout: str = "", stderr: str = "", status: int = 0, seconds: float = 0
    ) -> None:
        """`seconds`: how long it then stays, unless somebody ends it."""
        said = {"stdout": stdout, "stderr": stderr, "status": status, "seconds": seconds}
        self.answers.append((list(begins), said))
        self.path.write_text(
            _PROGRAM.format(
                python=sys.executable, calls=str(self._calls), answers=self.answers, hanging=str(self.hanging)
            )
        )
        self.path.chmod(0o755)

    @property
    def hanging(self) -> Path:
        """There once it stays."""
        return self.path.with_suffix(".hanging")

    @property
    def calls(self) -> list[Call]:
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        return [Call(**json.loads(line)) for line in lines]

    @property
    def _calls(self) -> Path:
        return self.path.with_suffix(".calls")


def docker(
    folder: Path, network: dict[str, Any] | None = None, *, system: str = "Debian GNU/Linux 12"
) -> StandIn:
    """One that runs; `network`: what it says of its bridge, if not NETWORK."""
    program = StandIn(folder / "docker")
    program.answer("info", "--format", stdout=f"{system}\n")
    program.answer("info", stdout="Client:\n Version:    28.2.2\nServer:\n Containers: 0\n")
    program.answer("network", "inspect", "bridge", stdout=json.dumps(network or NETWORK) + "\n")
    program.answer("rm", stdout=f"{CONTAINER}\n")
    return program


def bridge_network(*config: dict[str, str], interface: str = "docker0") -> dict[str, Any]:
    options = NETWORK["Options"] | {"com.docker.network.bridge.name": interface}
    return NETWORK | {"IPAM": {"Driver": "default", "Config": list(config)}, "Options": options}


LOOPBACK_BRIDGE = bridge_network({"Subnet": "127.0.0.0/8", "Gateway": "127.0.0.2"})
"""A bridge that every Linux machine has an address on."""


def first_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new folder, for stand-ins."""
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@contextmanager
def taken_port() -> Iterator[int]:
    """A port of loopback that somebody listens on."""
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        port: int = somebody.getsockname()[1]
        yield port
