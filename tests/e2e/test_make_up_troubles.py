"""`make up` where Docker, a firewall or a taken port stands in the way: it says so."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo import up
from demo.cloud import free_port
from tests.support.stand_ins import LOOPBACK_BRIDGE, StandIn, docker, first_on_path, taken_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="of Docker on Linux")


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return first_on_path(tmp_path / "bin", monkeypatch)


@pytest.fixture
def taken() -> Iterator[int]:
    with taken_port() as port:
        yield port


def test_docker_that_is_to_be_started_later_is_said_by_make_up(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    StandIn(path / "docker").answer("info", stderr="Cannot connect to the Docker daemon\n", status=1)
    said = _said_by_make_up(monkeypatch, capsys)
    assert "No container gets here" in said
    assert "Start Docker first" in said


def test_make_up_tells_of_the_firewall_that_it_can_not_see(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docker(path, LOOPBACK_BRIDGE)
    said = _said_by_make_up(monkeypatch, capsys)
    assert "a firewall may keep 127.0.0.0/8 away from 127.0.0.2" in said
    assert "port 45432,45660" in said


def _said_by_make_up(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Ended at once by Ctrl-C. On ports of the test's own, but for what is said of them."""
    real = up.demo_environment
    monkeypatch.setattr(up, "drop_foreign_settings", lambda: None)  # of this whole test run
    monkeypatch.setattr(up, "demo_environment", lambda _, bridge: real(up.Ports(), bridge))
    monkeypatch.setattr(signal, "pause", lambda: signal.raise_signal(signal.SIGINT))
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        assert up.main() == 0
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    return " ".join(capsys.readouterr().out.split())


def test_a_port_that_somebody_has_is_one_sentence_of_make_up(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], taken: int
) -> None:
    docker(path, LOOPBACK_BRIDGE)
    monkeypatch.setattr(up, "drop_foreign_settings", lambda: None)  # of this whole test run
    monkeypatch.setattr(up, "ports_of_environment", lambda: up.Ports(taken, free_port()))
    assert up.main() == 1
    assert capsys.readouterr().out == (
        f"make up: 127.0.0.1:{taken} can not be listened on (Address already in use): is another one up, or another "
        "program there?\n"
    )
