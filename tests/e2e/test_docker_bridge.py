"""How a container reaches this machine, as Docker describes its bridge: stand-ins replay what Docker says."""

import sys
from pathlib import Path

import pytest
from demo.containers import Bridge, Reach, reach
from tests.support.stand_ins import LOOPBACK_BRIDGE, bridge_network, docker, first_on_path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="of Docker on Linux")


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return first_on_path(tmp_path / "bin", monkeypatch)


def test_a_bridge_names_its_gateway(path: Path) -> None:
    docker(path, LOOPBACK_BRIDGE)
    assert reach() == Reach(Bridge("127.0.0.2", "127.0.0.0/8"))


def test_a_freshly_installed_docker_names_no_gateway_and_its_interfaces_address_is_taken(path: Path) -> None:
    docker(path, bridge_network({"Subnet": "127.0.0.0/8"}, interface="lo"))
    assert reach() == Reach(Bridge("127.0.0.1", "127.0.0.0/8"))


def test_without_gateway_and_interface_the_networks_first_address_is_taken(path: Path) -> None:
    docker(path, bridge_network({"Subnet": "127.8.0.1/16"}, interface="nowhere0"))
    assert reach() == Reach(Bridge("127.8.0.1", "127.8.0.0/16"))


def test_a_bridge_with_ipv6_as_well_is_reached_by_ipv4(path: Path) -> None:
    docker(
        path,
        bridge_network({"Subnet": "fd00::/80", "Gateway": "fd00::1"}, *LOOPBACK_BRIDGE["IPAM"]["Config"]),
    )
    assert reach() == Reach(Bridge("127.0.0.2", "127.0.0.0/8"))


@pytest.mark.parametrize("configured", [None, []])
def test_a_bridge_without_a_network_is_said(path: Path, configured: object) -> None:
    docker(path, LOOPBACK_BRIDGE | {"IPAM": {"Driver": "default", "Config": configured}})
    assert "names no IPv4 network" in (reach().obstacle or "")


def test_a_bridge_that_is_not_of_this_machine_is_said(path: Path) -> None:
    docker(path, bridge_network({"Subnet": "192.0.2.0/24", "Gateway": "192.0.2.1"}))
    found = reach()
    assert found.bridge is None
    assert "192.0.2.1, which is no address of this machine: Docker runs elsewhere" in (found.obstacle or "")


def test_docker_desktops_containers_reach_loopback_by_themselves(path: Path) -> None:
    docker(path, bridge_network({"Subnet": "192.0.2.0/24", "Gateway": "192.0.2.1"}), system="Docker Desktop")
    assert reach() == Reach()
