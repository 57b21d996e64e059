"""`make sam-local` where Docker, SAM or the machine is not as one would wish: stand-ins replay them."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo import deployment, sam_local, up
from demo.programs import ROOT, DemoError
from demo.samples import EVENTS, Sample
from rich.console import Console
from tests.support.stand_ins import (
    CONTAINER,
    LOOPBACK_BRIDGE,
    SAM_BEGINS,
    SAM_ENDS,
    StandIn,
    docker,
    first_on_path,
    taken_port,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="of Docker on Linux")
SAMPLE = Sample(EVENTS / "s3_put.json")
NOTHING_FAILED = '{"batchItemFailures": []}'


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return first_on_path(tmp_path / "bin", monkeypatch)


@pytest.fixture
def sam(path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setattr(sam_local, "SAM", path / "sam")
    return StandIn(path / "sam")


@pytest.fixture
def taken() -> Iterator[int]:
    with taken_port() as port:
        yield port


@pytest.fixture
def target(tmp_path: Path) -> sam_local.Target:
    variables = tmp_path / "env.json"
    variables.write_text(json.dumps({"Parameters": up.environment_variables()}))
    return sam_local.Target(tmp_path / "artefact", variables, "http://172.17.0.1:45660")


def test_the_answer_is_read_from_standard_output_alone(
    path: Path, sam: StandIn, target: sam_local.Target
) -> None:
    docker(path)
    late = '{"time":"…","level":"ERROR","message":"Failed to get next invocation"}\n'
    sam.answer("local", "invoke", stdout=NOTHING_FAILED, stderr=SAM_BEGINS + SAM_ENDS + late)
    answer = sam_local.invoke(SAMPLE, target)
    assert answer.value == json.loads(NOTHING_FAILED)
    assert "Failed to get next invocation" in answer.log


def test_an_answer_that_is_none_is_told_with_what_sam_said(
    path: Path, sam: StandIn, target: sam_local.Target
) -> None:
    docker(path)
    sam.answer(
        "local", "invoke", stderr="Error: Running AWS SAM projects locally requires Docker.\n", status=1
    )
    with pytest.raises(DemoError, match=r"s3_put\.json: Error: Running AWS SAM projects locally requires"):
        sam_local.invoke(SAMPLE, target)


def test_a_function_that_can_not_connect_is_told_with_the_firewall_in_mind(
    path: Path, sam: StandIn, target: sam_local.Target
) -> None:
    docker(path)
    log = '{"level":"WARNING","message":"no file can be loaded now","error":"connection timeout expired"}\n'
    failed = '{"batchItemFailures": [{"itemIdentifier": "1"}]}'
    sam.answer("local", "invoke", stdout=failed, stderr=SAM_BEGINS + log + SAM_ENDS)
    out = Console(file=io.StringIO(), soft_wrap=True)
    assert not sam_local._is_well(out, SAMPLE, target, "a firewall may keep it away")
    assert isinstance(out.file, io.StringIO)
    assert "not as it must be" in out.file.getvalue()
    assert "connection timeout expired" in out.file.getvalue()
    assert "a firewall may keep it away" in out.file.getvalue()


def test_sam_asks_our_own_cloud_who_it_is_and_not_aws(
    path: Path, sam: StandIn, target: sam_local.Target
) -> None:
    docker(path)
    sam.answer("local", "invoke", stdout=NOTHING_FAILED)
    sam_local.invoke(SAMPLE, target)
    (call,) = sam.calls
    assert call.environment["AWS_ENDPOINT_URL"] == "http://172.17.0.1:45660"
    assert call.environment["NO_PROXY"].split(",")[-1] == "172.17.0.1"


def test_whether_sam_fetches_the_image_is_the_users_choice(
    path: Path, sam: StandIn, target: sam_local.Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(path)
    monkeypatch.setenv("SAM_SKIP_PULL_IMAGE", "true")
    monkeypatch.setenv("SAM_STACK_NAME", "mine")
    sam.answer("local", "invoke", stdout=NOTHING_FAILED)
    sam_local.invoke(SAMPLE, target)
    (call,) = sam.calls
    assert call.environment["SAM_SKIP_PULL_IMAGE"] == "true"
    assert "SAM_STACK_NAME" not in call.environment


def test_another_systems_wheels_do_not_reach_the_container(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """ministack runs the functions on this machine, with its wheels; Lambda's image takes what `sam build` left."""
    done: list[str] = []

    def build(*arguments: str) -> None:
        folder = Path(arguments[arguments.index("--build-dir") + 1])
        folder.mkdir(exist_ok=True)
        done.append(f"sam build {folder.name}")

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(deployment, "WORK", tmp_path)
    monkeypatch.setattr(deployment, "ARTEFACT", tmp_path / "ours")
    monkeypatch.setattr(deployment, "LINUX_ARTEFACT", tmp_path / "linux")
    monkeypatch.setattr(deployment, "_sam", build)
    monkeypatch.setattr(
        deployment, "_use_wheels_of_this_machine", lambda: done.append("wheels of this machine")
    )
    assert deployment.build_for_containers() == tmp_path / "linux"
    assert done == ["sam build linux"]
    assert deployment.build()
    assert done == ["sam build linux", "sam build ours", "wheels of this machine"]


def test_sam_local_takes_another_port_then_and_tells_the_functions(
    monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    monkeypatch.setattr(up, "ports_of_environment", lambda: up.Ports(taken, 45660))
    monkeypatch.setattr(up, "is_free", lambda _, port: port != taken)
    ports = up.free_ports(None)
    assert ports.cloud == 45660
    assert ports.postgres not in {0, taken}
    moved = up.environment_at(up.Ports(ports.postgres, 45661))
    assert moved["DB_PORT"] == str(ports.postgres)
    assert moved["AWS_ENDPOINT_URL"] == "http://host.docker.internal:45661"
    assert moved["QUEUE_URL"] == "http://host.docker.internal:45661/000000000000/ingestor"
    assert moved.keys() == up.environment_variables().keys()


def test_ctrl_c_leaves_neither_sam_nor_its_container(path: Path, tmp_path: Path) -> None:
    """Of the whole target, as `make` runs it, with the database and the cloud up."""
    engine = docker(path, LOOPBACK_BRIDGE)
    sam = StandIn(path / "sam")
    sam.answer("local", "invoke", stderr=SAM_BEGINS, seconds=600)
    code = (
        "import sys; from pathlib import Path; from demo import deployment, sam_local, up;"
        f"sam_local.SAM = Path({str(sam.path)!r});"
        f"deployment.build_for_containers = lambda: Path({str(tmp_path)!r});"
        "up.ports_of_environment = lambda: up.Ports(up.free_port(), up.free_port());"
        "sys.exit(sam_local.main())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONPATH": "src:."},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as target:  # fmt: skip
        while not sam.hanging.exists():
            assert target.poll() is None, target.communicate()
            time.sleep(0.05)
        target.send_signal(signal.SIGINT)
        said, _ = target.communicate(timeout=60)
    assert (target.returncode, said.splitlines()[-1]) == (130, "stopped")
    assert [call.arguments for call in engine.calls][-1] == ["rm", "--force", CONTAINER]
    assert (
        subprocess.run(["pgrep", "-f", str(sam.path)], check=False, stdout=subprocess.DEVNULL).returncode == 1
    )
