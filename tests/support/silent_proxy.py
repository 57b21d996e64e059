"""A network between client and server that passes bytes, until it passes none and closes nothing."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from ingestor.database import ConnectionParameters

type Watch = Callable[[bytes], bool]
"""Sees what the client sends; True: from now on, this connection is silent."""


class SilentProxy:
    """`watch` is asked before the bytes are passed on; with `tell_the_server`, the last ones still are."""

    def __init__(self, target: tuple[str, int], watch: Watch, *, tell_the_server: bool) -> None:
        self._target = target
        self._watch = watch
        self._tell_the_server = tell_the_server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listener]
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._open += [client, server]
                silence = threading.Event()
                for pass_on in (self._to_server, self._to_client):
                    threading.Thread(target=pass_on, args=(client, server, silence), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket, silence: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if self._watch(data):
                    silence.set()
                    if self._tell_the_server:
                        server.sendall(data)
                    return
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)

    def _to_client(self, client: socket.socket, server: socket.socket, silence: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if silence.is_set():
                    return
                client.sendall(data)


@contextmanager
def silent_proxy(
    to: ConnectionParameters, watch: Watch, *, tell_the_server: bool = False
) -> Iterator[ConnectionParameters]:
    proxy = SilentProxy((to.host, to.port), watch, tell_the_server=tell_the_server)
    try:
        yield replace(to, host="127.0.0.1", port=proxy.port, sslmode="disable")
    finally:
        proxy.close()


def at_nth(word: bytes, number: int) -> Watch:
    """The n-th time that the client says this."""
    left = number

    def watch(data: bytes) -> bool:
        nonlocal left
        left -= word in data
        return left == 0 and word in data

    return watch
