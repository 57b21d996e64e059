"""JSON lines over a socket, with file descriptors beside them: how the suite's processes talk."""

import json
import socket
from collections import deque
from collections.abc import Mapping
from typing import Any

RECEIVED_AT_ONCE = 65_536
MOST_DESCRIPTORS = 4


class Channel:
    """One end; the other is another process's. A channel is for one thread to send, and one to receive."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._unread = b""
        self._descriptors: deque[int] = deque()

    @property
    def socket(self) -> socket.socket:
        return self._socket

    def send(self, message: Mapping[str, object], *descriptors: int) -> bool:
        """False: nobody listens any more."""
        data = json.dumps(message).encode() + b"\n"
        try:
            sent = socket.send_fds(self._socket, [data], descriptors) if descriptors else 0
            self._socket.sendall(data[sent:])
        except OSError:
            return False
        return True

    def receive(self, timeout: float | None = None) -> dict[str, Any] | None:
        """The next message; None when the other end is gone. Raises TimeoutError."""
        self._socket.settimeout(timeout)
        while b"\n" not in self._unread:
            try:
                data, descriptors, _flags, _address = socket.recv_fds(
                    self._socket, RECEIVED_AT_ONCE, MOST_DESCRIPTORS
                )
            except ConnectionError:
                return None
            if not data:
                return None
            self._unread += data
            self._descriptors.extend(descriptors)
        line, _, self._unread = self._unread.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    @property
    def has_unread(self) -> bool:
        """A whole message that came together with the one before."""
        return b"\n" in self._unread

    def descriptor(self) -> int:
        """The one that came with the message read last."""
        return self._descriptors.popleft()

    def close(self) -> None:
        self._socket.close()
