"""A TCP proxy that loses, holds up and cuts what passes, between a worker and one of its servers."""

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from types import TracebackType
from typing import Self

BLOCK = 65_536
_NO_LINGER = struct.pack("ii", 1, 0)


class Fault(Enum):
    """What becomes of the bytes."""

    NONE = auto()
    REFUSE = auto()
    """A connection ends as soon as it is made."""
    RESET = auto()
    """... or after the server's first `cut_after` bytes."""
    BLACK_HOLE = auto()
    """What is sent arrives nowhere, and nobody hears of it."""
    SLOW = auto()
    """1 KB a second from the server."""
    LATE = auto()
    """300 ms later, each way."""
    TRUNCATE = auto()
    """The server's side closes after `cut_after` bytes, as if that were all."""


BYTES_PER_SECOND = 1024
LATENCY_SECONDS = 0.3


@dataclass
class Conditions:
    """May change at any time; connections that there are feel it too. `only`: those whose first bytes say so."""

    fault: Fault = Fault.NONE
    cut_after: int = 400
    only: Callable[[bytes], bool] = lambda _first: True
    felt: int = 0


@dataclass
class Pair:
    """The two sockets of one connection. `first` are the first bytes that the client sent.

    `is_deaf`: from now on the client hears nothing of the server; `heard`: there was something to hear. `late_seconds`:
    the server's next bytes come so much later.
    """

    client: socket.socket
    server: socket.socket
    first: bytes = b""
    from_server: int = 0
    is_deaf: bool = False
    late_seconds: float = 0
    heard: threading.Event = field(default_factory=threading.Event)

    def reset(self) -> None:
        """RST to both: nobody is told goodbye."""
        for each in (self.client, self.server):
            with suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.close()

    def close(self) -> None:
        for each in (self.client, self.server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


class Proxy:
    """Listens on a port of its own. `conditions` are to be changed by the test."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.conditions = Conditions()
        self._pairs: list[Pair] = []
        self._lock = threading.Lock()
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_all()

    def drop_all(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.reset()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._target)
                except OSError:
                    client.close()
                    continue
                pair = Pair(client, server)
                with self._lock:
                    self._pairs.append(pair)
                for pump in (self._to_server, self._to_client):
                    threading.Thread(target=self._pump, args=(pump, pair), daemon=True).start()

    def _pump(self, pump: Callable[[Pair], None], pair: Pair) -> None:
        try:
            with suppress(OSError):
                pump(pair)
        finally:
            if not self._is_held(pair):
                pair.close()

    def _to_server(self, pair: Pair) -> None:
        while data := pair.client.recv(BLOCK):
            pair.first = pair.first or data
            if self._suffers(pair, data):
                self.forward(pair, data)

    def forward(self, pair: Pair, data: bytes) -> None:
        """To be overridden by who reads what the client says."""
        pair.server.sendall(data)

    def _to_client(self, pair: Pair) -> None:
        while data := pair.server.recv(BLOCK):
            if pair.is_deaf or not self._suffers(pair, data):
                pair.heard.set()
                continue
            if pair.late_seconds:
                self._is_over.wait(pair.late_seconds)
                pair.late_seconds = 0
            pair.from_server += len(data)
            match self._fault_of(pair):
                case Fault.SLOW:
                    self._trickle(pair, data)
                case Fault.TRUNCATE if pair.from_server > self.conditions.cut_after:
                    kept = len(data) - (pair.from_server - self.conditions.cut_after)
                    pair.client.sendall(data[: max(kept, 0)])
                    return
                case Fault.RESET if pair.from_server > self.conditions.cut_after:
                    pair.reset()
                    return
                case _:
                    pair.client.sendall(data)

    def _suffers(self, pair: Pair, data: bytes) -> bool:
        """Whether the bytes still go on after what happened to them."""
        fault = self._fault_of(pair)
        if fault is not Fault.NONE and data:
            self.conditions.felt += 1
        match fault:
            case Fault.REFUSE:
                pair.reset()
                return False
            case Fault.BLACK_HOLE:
                return False
            case Fault.LATE:
                time.sleep(LATENCY_SECONDS)
            case _:
                pass
        return True

    def _trickle(self, pair: Pair, data: bytes) -> None:
        for start in range(0, len(data), BYTES_PER_SECOND // 8):
            # As fast as ever again when the fault is over.
            if self._fault_of(pair) is Fault.SLOW:
                self._is_over.wait(1 / 8)
            pair.client.sendall(data[start : start + BYTES_PER_SECOND // 8])

    def _fault_of(self, pair: Pair) -> Fault:
        return self.conditions.fault if self.conditions.only(pair.first) else Fault.NONE

    def _is_held(self, pair: Pair) -> bool:
        """Into a black hole no FIN goes either."""
        return self._fault_of(pair) is Fault.BLACK_HOLE and not self._is_over.is_set()
