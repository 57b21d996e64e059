"""The built artefact as Lambda runs it: AWS' runtime interface emulator and client, and nothing else on the path."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from demo.deployment import ARTEFACT, architecture
from demo.programs import TOOLS, stop_group
from demo.samples import EVENTS
from tests.support.free_port import free_port
from tests.support.template import functions

START_SECONDS = 30


class LambdaRuntime:
    """One execution environment of a function of the template, kept warm between invocations."""

    def __init__(self, function: str, environment: Mapping[str, str], log: Path) -> None:
        properties = functions()[function]
        self._artefact = ARTEFACT / function
        self._handler = properties["Handler"]
        self._environment = environment
        self._path = path_of(function)
        self.log = log
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        processor = "arm64" if architecture() == "arm64" else "x86_64"
        (emulator,) = TOOLS.glob(
            f"sam/lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{processor}"
        )
        emulator.chmod(0o755)
        command: list[str | Path] = [
            emulator,
            "--runtime-interface-emulator-address", f"127.0.0.1:{self._port}",
            "--runtime-api-address", f"127.0.0.1:{free_port()}",
            TOOLS / "lambda/bin/python", "-m", "awslambdaric", self._handler,
        ]  # fmt: skip
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": os.pathsep.join(map(str, self._path)),
                    "PYTHONDONTWRITEBYTECODE": "1",  # Lambda mounts it read-only; others use this one after us
                    "LAMBDA_TASK_ROOT": str(self._artefact),
                    "AWS_LAMBDA_FUNCTION_NAME": "ingestor",
                    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
                    "AWS_REGION": "us-east-1",
                    "AWS_ACCESS_KEY_ID": "testing",
                    "AWS_SECRET_ACCESS_KEY": "testing",
                    **self._environment,
                },
                cwd=self._artefact, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._wait_until_it_listens()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            stop_group(self._process)

    def invoke(self, event: object) -> Any:  # noqa: ANN401 - whatever the handler answers
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/2015-03-31/functions/function/invocations",
            data=json.dumps(event).encode(),
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=120) as answer:
            return json.load(answer)

    def _wait_until_it_listens(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise TimeoutError(f"the emulator did not start: {self.log.read_text(errors='replace')}")


def path_of(function: str) -> list[Path]:
    """What Lambda has Python look in, beside the runtime's own: the artefact, and a layer as /opt/python."""
    layers = [ARTEFACT / layer["Ref"] / "python" for layer in functions()[function].get("Layers", [])]
    return [ARTEFACT / function, *layers]


def put_event(bucket: str, key: str) -> dict[str, Any]:
    """The plainest of `events/`, for another object."""
    event: dict[str, Any] = json.loads((EVENTS / "s3_put.json").read_text())
    record = event["Records"][0]
    body = json.loads(record["body"])
    body["Records"][0]["s3"]["bucket"]["name"] = bucket
    body["Records"][0]["s3"]["object"] = {"key": key}
    return {"Records": [record | {"body": json.dumps(body)}]}
