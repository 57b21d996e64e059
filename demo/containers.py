"""How the containers of this machine's Docker see this machine, by Docker's own command line."""

import fcntl
import ipaddress
import json
import re
import socket
import struct
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

DOCKER_SECONDS = 20
DEFAULT_BRIDGE = "docker0"
_SIOCGIFADDR = 0x8915  # https://man7.org/linux/man-pages/man7/netdevice.7.html
_BRIDGE_NAME = "com.docker.network.bridge.name"
_CONTAINER = re.compile(r"^SAM_CONTAINER_ID: ([0-9a-f]{12,64})\s*$", re.MULTILINE)

NOT_RUNNING = (
    "Docker is not here, or not running, so its bridge is not known: a container that is started later can't reach "
    "what is up now. Start Docker first, then this again."
)
NO_BRIDGE = "`docker network inspect bridge` names no IPv4 network: where a container finds this machine is not known."
ELSEWHERE = (
    "Docker's bridge is {address}, which is no address of this machine: Docker runs elsewhere (`docker context show`, "
    "DOCKER_HOST, or rootless), and its containers can't reach what is started here."
)


@dataclass(frozen=True, slots=True)
class Bridge:
    """How a container on Linux sees this machine: our address on Docker's bridge, and the containers' network."""

    address: str
    network: str


@dataclass(frozen=True, slots=True)
class Reach:
    """`bridge` None: loopback is enough, or no container gets here, and then `obstacle` says why."""

    bridge: Bridge | None = None
    obstacle: str | None = None


def reach() -> Reach:
    """Docker Desktop is a virtual machine whose containers reach our loopback by themselves, on every system."""
    if sys.platform != "linux":
        return Reach()
    if not docker_runs():
        return Reach(obstacle=NOT_RUNNING)
    bridge = _bridge()
    if bridge is None:
        return Reach(obstacle=NO_BRIDGE)
    if _is_ours(bridge.address):
        return Reach(bridge)
    if _docker("info", "--format", "{{.OperatingSystem}}") == "Docker Desktop":
        return Reach()
    return Reach(obstacle=ELSEWHERE.format(address=bridge.address))


def docker_runs() -> bool:
    return _docker("info") is not None


def remove_container(said_by_sam: str) -> None:
    """The one that SAM says it made; nothing if there is none, or if it is gone."""
    for container in _CONTAINER.findall(said_by_sam):
        _docker("rm", "--force", container)


def firewall_hint(bridge: Bridge, *ports: int) -> str:
    """A packet filter that drops what comes over the bridge can't be seen from here, only suspected."""
    listed = ",".join(map(str, ports))
    return (
        f"If a function can't connect, or runs into its time-out: a firewall may keep {bridge.network} away from "
        f"{bridge.address}. With ufw: sudo ufw allow proto tcp from {bridge.network} to {bridge.address} port {listed}"
    )


def _bridge() -> Bridge | None:
    said = _docker("network", "inspect", "bridge", "--format", "{{json .}}")
    network: dict[str, Any] = json.loads(said) if said else {}
    configured = (network.get("IPAM") or {}).get("Config") or []
    for each in configured:
        subnet = ipaddress.ip_network(each.get("Subnet", ""), strict=False) if each.get("Subnet") else None
        if isinstance(subnet, ipaddress.IPv4Network):
            name = (network.get("Options") or {}).get(_BRIDGE_NAME, DEFAULT_BRIDGE)
            # Without a gateway until Docker was restarted once: https://github.com/moby/moby/issues/26799
            address = each.get("Gateway") or _address_of(name) or str(subnet.network_address + 1)
            return Bridge(address, str(subnet))
    return None


def _address_of(interface: str) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            answer = fcntl.ioctl(any_socket, _SIOCGIFADDR, struct.pack("256s", interface.encode()[:15]))
        except OSError:
            return None
    return socket.inet_ntoa(answer[20:24])


def _is_ours(address: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _docker(*arguments: str) -> str | None:
    """What it printed; None where it is not installed, does not answer or says no."""
    try:
        done = subprocess.run(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=DOCKER_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
