"""What an operator has of one load: its log lines, its metrics, its trace."""

import io
import json
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.e2e.conftest import BUCKET, Service, sample_event
from tests.e2e.test_events import upload

from handler.runtime import runtime
from handler.tracing import DAEMON_VARIABLE, TRACE_VARIABLE

KEY = "logs/pino-http-1.json.gz"


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where Lambda would run X-Ray's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        host, port = listening.getsockname()
        monkeypatch.setenv(DAEMON_VARIABLE, f"{host}:{port}")
        monkeypatch.setenv(
            TRACE_VARIABLE, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
        )
        yield listening


def test_a_load_is_measured(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    upload(service, {KEY: 1})
    assert service.invoke(sample_event("s3_put.json")) == []
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    (measured,) = [line for line in lines if "_aws" in line]
    assert measured["service"] == "ingestor"
    assert (measured["FilesLoaded"], measured["RowsLoaded"], measured["RowsRejected"]) == ([1], [2227], [0])
    assert measured["UnknownFields"] == [0]
    assert measured["BytesLoaded"][0] > 1_000_000
    assert 0 < measured["LoadSeconds"][0] < 60
    assert measured["LagSeconds"][0] >= 0
    units = {each["Name"]: each["Unit"] for each in measured["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert (units["BytesLoaded"], units["LoadSeconds"], units["LagSeconds"]) == (
        "Bytes",
        "Seconds",
        "Seconds",
    )


@pytest.mark.parametrize("trouble", ["none", "no object", "database"])
def test_every_line_about_a_file_names_it_and_the_request(
    service: Service, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    upload(service, {KEY: 1})
    if trouble == "no object":
        service.s3.delete_object(Bucket=BUCKET, Key=KEY)
    if trouble == "database":
        database = runtime().worker.database
        away = replace(database.parameters, port=1)
        monkeypatch.setattr(database, "_parameters", lambda: away)
    service.invoke(sample_event("s3_put.json"))
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    seen = [line for line in lines if "message_id" not in line]
    assert {line["message"] for line in seen} == {
        {"none": "loaded", "no object": "failed", "database": "no file can be loaded now"}[trouble]
    }
    for line in seen:
        assert (line["bucket"], line["key"], line["request_id"]) == (BUCKET, KEY, "request-1")
        assert line["etag"], "the version: the bucket is not versioned"


def test_a_trace_has_a_segment_for_each_stage(service: Service, daemon: socket.socket) -> None:
    upload(service, {KEY: 1})
    service.invoke(sample_event("s3_put.json"))
    sent = [json.loads(daemon.recv(65_536).partition(b"\n")[2]) for _ in range(5)]
    named = {each["name"]: each for each in sent}
    assert list(named) == ["## claim", "## open", "## load", "## file", "## batch"], (
        "each is sent when it ends"
    )
    assert {named[f"## {stage}"]["parent_id"] for stage in ("claim", "open", "load")} == {
        named["## file"]["id"]
    }
    assert named["## file"]["parent_id"] == named["## batch"]["id"]
    assert named["## file"]["annotations"] == {"bucket": BUCKET, "key": KEY}
