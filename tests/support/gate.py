"""A TCP gate before a server: closed, it refuses connections and drops those it has, as while a server restarts."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

_BLOCK = 65_536


class Gate:
    """`url` stays the same whether it is open or not."""

    def __init__(self, origin: str) -> None:
        parts = urlsplit(origin)
        self._origin = (str(parts.hostname), int(parts.port or 80))
        self._address = ("127.0.0.1", 0)
        self._listener: socket.socket | None = None
        self._sockets: set[socket.socket] = set()
        self.connections = 0
        self.open()
        self.url = f"http://127.0.0.1:{self._address[1]}"

    def open(self) -> None:
        self._listener = socket.create_server(self._address)
        self._address = self._listener.getsockname()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        if self._listener is not None:
            # Closing alone doesn't wake who waits in accept.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.connections += 1
                server = socket.create_connection(self._origin)
                self._sockets |= {client, server}
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_BLOCK):
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
            self._sockets.discard(each)


@contextlib.contextmanager
def gate(origin: str) -> Iterator[Gate]:
    made = Gate(origin)
    try:
        yield made
    finally:
        made.close()
