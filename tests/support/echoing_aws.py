"""An AWS that refuses every request the way AWS does where a signature is wrong: with the request's own headers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape


@dataclass
class EchoingAws:
    """`secret`: what Secrets Manager gives out; None: it refuses as well."""

    endpoint: str = ""
    secret: str | None = None


@contextmanager
def echoing_aws() -> Iterator[EchoingAws]:
    state = EchoingAws()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            target = self.headers.get("X-Amz-Target", "")
            if target == "secretsmanager.GetSecretValue" and state.secret is not None:
                self._answer(200, json.dumps({"SecretString": state.secret, "Name": "db"}))
                return
            said = f"The request signature we calculated does not match. {self._canonical()}"
            self._answer(403, json.dumps({"__type": "InvalidSignatureException", "message": said}))

        def do_GET(self) -> None:
            said = f"The request signature we calculated does not match. {self._canonical()}"
            code = "<Code>SignatureDoesNotMatch</Code>"
            self._answer(403, f"<Error>{code}<Message>{escape(said)}</Message></Error>")

        do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815 - http.server's names

        def _canonical(self) -> str:
            headers = "\n".join(f"{name.lower()}:{value}" for name, value in self.headers.items())
            return f"The Canonical String for this request should have been\n'{self.command}\n{self.path}\n\n{headers}'"

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
