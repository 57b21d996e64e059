"""An AWS of one's own on loopback: ministack, which runs the functions as processes of this machine."""

import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from demo.machine import shortage
from demo.programs import ANY_CREDENTIAL, REGION, TOOLS, DemoError, clean_environment, stop_group, tail

START_SECONDS = 60
LOOPBACK = "127.0.0.1"


class Cloud:
    """Everything it keeps is under `folder`; everything it starts is in one process group, gone after `stop`."""

    def __init__(self, folder: Path, *, host: str = LOOPBACK, port: int = 0) -> None:
        """`port` 0: any that is free."""
        self._folder = folder
        self._host = host
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / "ministack.log"
        self.endpoint = ""

    def start(self) -> None:
        """Returns when it answers. Raises DemoError with the end of its log."""
        python = TOOLS / "ministack" / "bin" / "python"
        if not python.exists():
            raise DemoError(f"{python} is missing: run `make tools-install`")
        self._folder.mkdir(parents=True, exist_ok=True)
        port = self._port or free_port()
        refuse_taken(self._host, port)
        self.endpoint = f"http://{self._host}:{port}"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, "-m", "ministack"],
                env=self._environment(port), cwd=self._folder, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self._wait_until_it_answers(self._process)

    def stop(self) -> None:
        """Ends it and the functions it runs, by its process group."""
        process, self._process = self._process, None
        if process is not None:
            stop_group(process)

    @property
    def group(self) -> int:
        """The process group of ministack and of the functions it runs."""
        if self._process is None:
            raise DemoError("ministack does not run")
        return self._process.pid

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """A boto3 client of this cloud alone, whatever the user's environment says."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ANY_CREDENTIAL,
            aws_secret_access_key=ANY_CREDENTIAL,
            config=Config(read_timeout=60, retries={"max_attempts": 2}, proxies={}),
        )

    def _environment(self, port: int) -> dict[str, str]:
        return clean_environment(
            "ministack",
            BIND_HOST=self._host,  # its default is every interface
            GATEWAY_PORT=str(port),
            MINISTACK_HOST=self._host,
            TMPDIR=str(self._folder),
            S3_DATA_DIR=str(self._folder / "s3"),
            STATE_DIR=str(self._folder / "state"),
        )

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_SECONDS
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while process.poll() is None and time.monotonic() < until:
            try:
                with opener.open(f"{self.endpoint}/_ministack/health", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        said = tail(self.log)
        raise shortage(said) or DemoError(f"ministack did not start; the end of its log:\n{said}")


def refuse_taken(host: str, port: int) -> None:
    """Else whoever has the port would answer for us. Raises DemoError."""
    try:
        _bind(host, port)
    except OSError as error:
        raise DemoError(
            f"{host}:{port} can not be listened on ({error.strerror}): is another one up, or another program there?"
        ) from error


def is_free(host: str, port: int) -> bool:
    try:
        _bind(host, port)
    except OSError:
        return False
    return True


def _bind(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
