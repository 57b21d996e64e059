"""Powertools' Tracer over a provider of our own, which speaks to the X-Ray daemon that Lambda runs.

The usual provider is the X-Ray SDK, whose botocore is larger than all the rest of the artefact together.
docs/decisions/0009-tracing-without-the-xray-sdk.md
"""

import json
import secrets
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.tracing import Tracer
from aws_lambda_powertools.tracing.base import BaseProvider, BaseSegment

from ingestor.visible_text import harmless

DAEMON_VARIABLE = "AWS_XRAY_DAEMON_ADDRESS"
TRACE_VARIABLE = "_X_AMZN_TRACE_ID"
# https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
_HEADER = b'{"format": "json", "version": 1}\n'


def tracer(service: str, environ: Mapping[str, str]) -> Tracer:
    """Sends nothing where Lambda names no daemon, and for invocations that are not sampled."""
    # Powertools' own way of disabling imports the SDK; patching libraries needs it too.
    return Tracer(service=service, disabled=False, auto_patch=False, provider=DaemonTracing(environ))


@dataclass(slots=True)
class Subsegment(BaseSegment):
    """https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html"""

    name: str
    trace_id: str
    parent_id: str
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    start_time: float = field(default_factory=time.time)
    end_time: float | None = None
    annotations: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    exceptions: list[dict[str, str]] = field(default_factory=list)

    def close(self, end_time: float | None = None) -> None:
        self.end_time = time.time() if end_time is None else end_time

    def add_subsegment(self, subsegment: "Subsegment") -> None:
        subsegment.parent_id = self.id

    def remove_subsegment(self, subsegment: "Subsegment") -> None:
        """Nothing to do: a subsegment is sent on its own and only names its parent."""

    def put_annotation(self, key: str, value: object) -> None:
        self.annotations[key] = value

    def put_metadata(self, key: str, value: object, namespace: str = "default") -> None:
        self.metadata.setdefault(namespace, {})[key] = value

    def add_exception(self, exception: BaseException, stack: object = None, remote: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - Powertools' signature
        self.exceptions.append(
            {
                "id": secrets.token_hex(8),
                "type": type(exception).__name__,
                "message": harmless(str(exception)),
            }
        )

    def document(self) -> dict[str, Any]:
        failed: dict[str, Any] = {
            "fault": True,
            "cause": {"working_directory": "", "exceptions": self.exceptions},
        }
        return {
            "type": "subsegment",
            "name": self.name,
            "id": self.id,
            "trace_id": self.trace_id,
            "parent_id": self.parent_id,
            "start_time": self.start_time,
            "end_time": self.end_time,
            "annotations": self.annotations,
            "metadata": self.metadata,
        } | (failed if self.exceptions else {})


class DaemonTracing(BaseProvider):
    """The environment is read at each subsegment: Lambda puts each invocation's trace there."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._open: list[Subsegment] = []

    @contextmanager
    def in_subsegment(self, name: str = "", **_: object) -> Iterator[Subsegment]:
        trace = _trace(self._environ)
        parent = self._open[-1].id if self._open else trace.get("Parent", "")
        subsegment = Subsegment(name, trace.get("Root", ""), parent)
        self._open.append(subsegment)
        try:
            yield subsegment
        except BaseException as error:
            subsegment.add_exception(error)
            raise
        finally:
            self._open.pop()
            subsegment.close()
            if trace.get("Sampled") == "1":
                self._send(subsegment)

    def in_subsegment_async(self, name: str = "", **_: object) -> AbstractAsyncContextManager[Subsegment]:
        raise NotImplementedError(f"{name}: no part of the service is asynchronous")

    def put_annotation(self, key: str, value: object) -> None:
        if self._open:
            self._open[-1].put_annotation(key, value)

    def put_metadata(self, key: str, value: object, namespace: str | None = "default") -> None:
        if self._open:
            self._open[-1].put_metadata(key, value, namespace or "default")

    def patch(self, modules: Sequence[str]) -> None:
        raise NotImplementedError(
            f"{', '.join(modules)}: stages are traced by name, libraries are not patched"
        )

    def patch_all(self) -> None:
        self.patch(["every library"])

    def _send(self, subsegment: Subsegment) -> None:
        host, _, port = self._environ.get(DAEMON_VARIABLE, "").rpartition(":")
        if not host:
            return
        document = json.dumps(subsegment.document(), default=str).encode()
        # A datagram that is too long, or that nobody takes, must not cost a file: traces are a sample anyway.
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to_daemon:
            to_daemon.sendto(_HEADER + document, (host, int(port)))


def _trace(environ: Mapping[str, str]) -> dict[str, str]:
    """`Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`"""
    pairs = (part.partition("=") for part in environ.get(TRACE_VARIABLE, "").split(";"))
    return {name.strip(): value for name, _, value in pairs}
