"""The migrating function as CloudFormation calls it: it always answers, once, and says why it failed."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.e2e.conftest import FakeContext
from tests.integration.conftest import variables_of

from handler.custom_resource import CustomResource
from handler.failures import UnexpectedError
from handler.migrate import lambda_handler
from ingestor.database import ConnectionParameters


@dataclass
class Cloudformation:
    """What came in at the presigned URL."""

    url: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)
    content_types: list[str | None] = field(default_factory=list)
    refusals: int = 0

    def event(self, request_type: str, **more: str) -> dict[str, Any]:
        return {
            "RequestType": request_type, "ResponseURL": self.url, "StackId": "stack", "RequestId": "request",
            "LogicalResourceId": "Schema", "ResourceProperties": {}, **more,
        }  # fmt: skip

    @property
    def answer(self) -> dict[str, Any]:
        (only,) = self.answers
        return only


@dataclass
class Context(FakeContext):
    log_group_name: str = "/aws/lambda/migrate"
    log_stream_name: str = "stream"


@pytest.fixture
def cloudformation() -> Iterator[Cloudformation]:
    told = Cloudformation()

    class Receiver(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if told.refusals:
                told.refusals -= 1
                self.send_error(503)
                return
            told.answers.append(json.loads(body))
            told.content_types.append(self.headers["Content-Type"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_port}/"
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture
def variables(database_parameters: ConnectionParameters, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (variables_of(database_parameters) | {"DB_SCHEMA": "deployed"}).items():
        monkeypatch.setenv(name, value)


def call(event: dict[str, Any], context: Context | None = None) -> Any:  # noqa: ANN401 - a report or nothing
    return lambda_handler(event, context or Context())  # type: ignore[arg-type]  # what we read of it


@pytest.mark.usefixtures("variables")
def test_creating_the_stack_makes_the_tables_and_updating_it_leaves_them(
    cloudformation: Cloudformation,
) -> None:
    call(cloudformation.event("Create"))
    assert (cloudformation.answer["Status"], cloudformation.answer["RequestId"]) == ("SUCCESS", "request")
    assert "0001_ledger.sql" in cloudformation.answer["Data"]["Applied"]
    physical_id = cloudformation.answer["PhysicalResourceId"]
    cloudformation.answers.clear()
    call(cloudformation.event("Update", PhysicalResourceId=physical_id))
    assert cloudformation.answer["Data"]["Applied"] == ""
    assert cloudformation.answer["PhysicalResourceId"] == physical_id


def test_deleting_the_stack_needs_no_database_and_is_answered(cloudformation: Cloudformation) -> None:
    call(cloudformation.event("Delete", PhysicalResourceId="ours"))
    assert (cloudformation.answer["Status"], cloudformation.answer["PhysicalResourceId"]) == (
        "SUCCESS",
        "ours",
    )


@pytest.mark.usefixtures("variables")
def test_a_failure_is_told_with_its_reason_and_not_raised(
    cloudformation: Cloudformation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PORT", "1")
    call(cloudformation.event("Create"))
    assert cloudformation.answer["Status"] == "FAILED"
    assert "DatabaseUnavailableError" in cloudformation.answer["Reason"]
    assert "/aws/lambda/migrate" in cloudformation.answer["Reason"]


def test_missing_settings_are_told_as_well(cloudformation: Cloudformation) -> None:
    call(cloudformation.event("Create"))
    assert "DB_HOST" in cloudformation.answer["Reason"]


def test_work_that_never_ends_is_answered_before_the_function_is_stopped(
    cloudformation: Cloudformation,
) -> None:
    ended = threading.Event()

    def work() -> Mapping[str, str]:
        while not cloudformation.answers:
            ended.wait(0.01)
        return {}

    context: Any = Context(remaining_ms=lambda: 15_050)
    CustomResource(cloudformation.event("Create"), context, "ours").answer(work)
    assert cloudformation.answer["Status"] == "FAILED"
    assert "too long" in cloudformation.answer["Reason"]


@pytest.mark.usefixtures("variables")
def test_an_answer_that_is_refused_is_given_again(cloudformation: Cloudformation) -> None:
    cloudformation.refusals = 1
    call(cloudformation.event("Create"))
    assert cloudformation.answer["Status"] == "SUCCESS"
    assert cloudformation.content_types == [""]


def test_an_answer_goes_to_an_address_of_the_web_alone(cloudformation: Cloudformation) -> None:
    event = cloudformation.event("Delete") | {"ResponseURL": "file:///etc/passwd?X-Amz-Signature=s3cr3t"}
    with pytest.raises(UnexpectedError, match="ResponseURL is none of CloudFormation's") as caught:
        call(event)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.usefixtures("variables")
def test_by_hand_it_says_what_it_did() -> None:
    assert all(migration["is_new"] for migration in call({})["migrations"])
