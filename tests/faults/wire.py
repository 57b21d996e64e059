"""As much of PostgreSQL's protocol as it takes to see where a message ends, and what a client asks for.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import struct
from dataclasses import dataclass

_HEAD = 5
_NEGOTIATIONS = {
    80877103,
    80877104,
}  # SSLRequest, GSSENCRequest: answered by one byte, and another start-up follows


@dataclass(frozen=True, slots=True)
class Message:
    """`kind` is its first byte, empty for what comes before the session; `data` are all of its bytes."""

    kind: bytes
    data: bytes

    @property
    def is_commit(self) -> bool:
        return self.kind == b"Q" and self.data[_HEAD:].rstrip(b"\0").strip().upper() == b"COMMIT"

    @property
    def is_copy_data(self) -> bool:
        return self.kind == b"d"


class Frontend:
    """What one client sends, message by message."""

    def __init__(self) -> None:
        self._unread = b""
        self._has_started = False

    def feed(self, data: bytes) -> list[Message]:
        self._unread += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> Message | None:
        head = _HEAD if self._has_started else _HEAD - 1
        if len(self._unread) < head:
            return None
        (length,) = struct.unpack_from("!i", self._unread, head - 4)
        end = length + head - 4
        if len(self._unread) < end:
            return None
        data, self._unread = self._unread[:end], self._unread[end:]
        if self._has_started:
            return Message(data[:1], data)
        (code,) = struct.unpack_from("!i", data, 4)
        self._has_started = code not in _NEGOTIATIONS
        return Message(b"", data)
