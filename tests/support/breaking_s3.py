"""An endpoint in front of moto's S3 that breaks its answers where a test says so."""

import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Break(Enum):
    """How a connection ends before its body does."""

    RESET = auto()
    CLOSE = auto()
    STALL = auto()


@dataclass(frozen=True)
class Cut:
    """Send so many bytes of the body, then break."""

    after: int
    how: Break = Break.CLOSE


@dataclass(frozen=True)
class Refuse:
    """Answer with an error of S3's own shape."""

    status: int
    code: str


@dataclass(frozen=True)
class WithoutRange:
    """Send the whole object, whatever was asked for."""


@dataclass(frozen=True)
class Garble:
    """Send other bytes than those stored."""


@dataclass(frozen=True)
class Trickle:
    """Send so many bytes of the body, and the others not before `may_go_on`."""

    first: int


type Trouble = Cut | Refuse | WithoutRange | Garble | Trickle


@dataclass(frozen=True)
class Seen:
    """What a GET asked for."""

    range: str | None
    if_match: str | None
    query: str


@dataclass
class BreakingS3:
    """The troubles come in order, one a GET; after them all is well.

    No connection is reset before `may_reset`: a reset may overtake the headers, and the answer was then never begun.
    """

    origin: str
    url: str = ""
    troubles: deque[Trouble] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    may_reset: threading.Event = field(default_factory=threading.Event)
    may_go_on: threading.Event = field(default_factory=threading.Event)
    is_over: threading.Event = field(default_factory=threading.Event)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        asked = urlsplit(handler.path)
        headers = handler.headers
        self.seen.append(Seen(headers.get("Range"), headers.get("If-Match"), asked.query))
        trouble = self.troubles.popleft() if self.troubles else None
        if isinstance(trouble, Refuse):
            refuse(handler, trouble)
            return
        passed_on = {name: value for name, value in headers.items() if name not in {"Host", "Connection"}}
        if isinstance(trouble, WithoutRange):
            passed_on.pop("Range", None)
        status, answered, body = self._ask_origin(handler.path, passed_on)
        handler.send_response_only(status)
        for name, value in answered:
            if name.lower() not in {"connection", "transfer-encoding"}:
                handler.send_header(name, value)
        handler.end_headers()
        if isinstance(trouble, Garble):
            body = bytes(byte ^ 1 for byte in body)
        if isinstance(trouble, Trickle):
            handler.wfile.write(body[: trouble.first])
            self.may_go_on.wait(30)
            body = body[trouble.first :]
        handler.wfile.write(body[: trouble.after] if isinstance(trouble, Cut) else body)
        if isinstance(trouble, Cut):
            self._break(handler, trouble.how)

    def _ask_origin(self, path: str, headers: dict[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = HTTPConnection(urlsplit(self.origin).netloc)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def _break(self, handler: BaseHTTPRequestHandler, how: Break) -> None:
        handler.close_connection = True
        if how is Break.RESET:
            self.may_reset.wait(30)
            # With no time to linger, closing sends RST.
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
        elif how is Break.STALL:
            self.is_over.wait(30)


def refuse(handler: BaseHTTPRequestHandler, refusal: Refuse) -> None:
    body = f"<Error><Code>{refusal.code}</Code><Message>said by S3</Message></Error>".encode()
    handler.send_response_only(refusal.status)
    handler.send_header("Content-Type", "application/xml")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def breaking_s3(origin: str) -> Iterator[BreakingS3]:
    endpoint = BreakingS3(origin)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            endpoint.answer(self)

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True  # the reader went away, or we reset it

        def finish(self) -> None:
            if self.connection.fileno() != -1:
                super().finish()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()
