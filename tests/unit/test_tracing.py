"""What reaches the X-Ray daemon, over a real socket."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handler.tracing import DAEMON_VARIABLE, TRACE_VARIABLE, DaemonTracing, tracer

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
LAMBDA = "53995c3f42cd8ad8"


@pytest.fixture
def daemon() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        yield listening


@pytest.fixture
def environ(daemon: socket.socket) -> dict[str, str]:
    host, port = daemon.getsockname()
    return {
        DAEMON_VARIABLE: f"{host}:{port}",
        TRACE_VARIABLE: f"Root={ROOT};Parent={LAMBDA};Sampled=1;Lineage=1:a87bd80c:0",
    }


@pytest.fixture
def tracing(environ: dict[str, str]) -> DaemonTracing:
    return DaemonTracing(environ)


def received(daemon: socket.socket) -> dict[str, Any]:
    header, _, document = daemon.recv(65_536).partition(b"\n")
    assert json.loads(header) == {"format": "json", "version": 1}
    sent: dict[str, Any] = json.loads(document)
    return sent


def test_a_subsegment_belongs_to_the_invocations_trace(daemon: socket.socket, tracing: DaemonTracing) -> None:
    with tracing.in_subsegment(name="## batch"):
        pass
    sent = received(daemon)
    assert (sent["type"], sent["name"], sent["trace_id"], sent["parent_id"]) == (
        "subsegment", "## batch", ROOT, LAMBDA,
    )  # fmt: skip
    assert re.fullmatch("[0-9a-f]{16}", sent["id"])
    assert sent["start_time"] <= sent["end_time"]
    assert "fault" not in sent


def test_a_subsegment_within_another_names_it_as_its_parent(
    daemon: socket.socket, tracing: DaemonTracing
) -> None:
    with tracing.in_subsegment(name="## batch"), tracing.in_subsegment(name="## file"):
        tracing.put_annotation("bucket", "logs")
        tracing.put_metadata("rows", 3)
    inner, outer = received(daemon), received(daemon)
    assert inner["parent_id"] == outer["id"]
    assert inner["annotations"] == {"bucket": "logs"}
    assert inner["metadata"] == {"default": {"rows": 3}}


def test_a_failure_is_a_fault_with_its_cause(daemon: socket.socket, tracing: DaemonTracing) -> None:
    with pytest.raises(ValueError, match="no such thing"), tracing.in_subsegment(name="## file"):
        raise ValueError("no such thing")
    sent = received(daemon)
    assert sent["fault"] is True
    assert sent["cause"]["exceptions"][0]["type"] == "ValueError"
    assert sent["cause"]["exceptions"][0]["message"] == "no such thing"


def test_an_invocation_that_is_not_sampled_sends_nothing(
    daemon: socket.socket, environ: dict[str, str], tracing: DaemonTracing
) -> None:
    environ[TRACE_VARIABLE] = f"Root={ROOT};Parent={LAMBDA};Sampled=0"
    with tracing.in_subsegment(name="## not sampled"):
        pass
    environ[TRACE_VARIABLE] = f"Root={ROOT};Parent={LAMBDA};Sampled=1"
    with tracing.in_subsegment(name="## sampled"):
        pass
    assert received(daemon)["name"] == "## sampled"


@pytest.mark.parametrize("address", ["", "127.0.0.1:1"], ids=["no daemon", "a daemon that does not listen"])
def test_nobody_listening_changes_nothing(environ: dict[str, str], address: str) -> None:
    environ[DAEMON_VARIABLE] = address
    tracing = DaemonTracing(environ)
    for _ in range(3):
        with tracing.in_subsegment(name="## batch"):
            pass


def test_powertools_decorators_work_over_it(daemon: socket.socket, environ: dict[str, str]) -> None:
    made = tracer("ingestor", environ)

    @made.capture_method
    def load() -> int:
        return 3

    assert load() == 3
    assert received(daemon)["name"].endswith("load")


def test_the_xray_sdk_is_not_needed() -> None:
    program = (
        "import sys; from handler.tracing import tracer; tracer('ingestor', {})\n"
        "print('aws_xray_sdk' in sys.modules)"
    )
    source = Path(__file__).parents[2] / "src"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
