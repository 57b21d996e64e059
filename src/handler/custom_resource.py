"""A custom resource of CloudFormation that always answers: a stack without an answer waits for an hour, then fails.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html
"""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ingestor.visible_text import harmless

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RESERVE_SECONDS = 15
"""Kept of the function's time, so that a time-out can still be reported to CloudFormation."""

_REASON_CHARACTERS = 1_000
_ANSWER_TRIES = 4
_ANSWER_TIMEOUT_SECONDS = 5


class CustomResource:
    """One request of CloudFormation's. It is answered once: by whatever ends first, the work or the time."""

    def __init__(self, event: Mapping[str, Any], context: "LambdaContext", physical_id: str) -> None:
        self._event = event
        self._context = context
        self._physical_id = str(event.get("PhysicalResourceId") or physical_id)
        self._once = threading.Lock()

    def answer(self, work: Callable[[], Mapping[str, str]]) -> None:
        """Does `work` on create and update, and reports what it returned or raised. A deletion has nothing to do.

        It raises nothing. An error is shown in the stack's events, and a retry would answer a second time.
        """
        remaining = self._context.get_remaining_time_in_millis() / 1000
        too_late = threading.Timer(max(remaining - RESERVE_SECONDS, 0), self._fail, ["it took too long"])
        too_late.daemon = True
        too_late.start()
        try:
            data = {} if self._event["RequestType"] == "Delete" else work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the stack must hear of it
            self._fail(harmless(f"{type(error).__name__}: {error}"))
        else:
            self._send("SUCCESS", "", data)
        finally:
            too_late.cancel()

    def _fail(self, reason: str) -> None:
        where = f"; more in {self._context.log_group_name}, {self._context.log_stream_name}"
        self._send("FAILED", reason[:_REASON_CHARACTERS] + where, {})

    def _send(self, status: str, reason: str, data: Mapping[str, str]) -> None:
        if not self._once.acquire(blocking=False):
            return
        answer = {
            "Status": status,
            "Reason": reason,
            "PhysicalResourceId": self._physical_id,
            **{name: self._event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
            "Data": dict(data),
        }
        _put(self._event["ResponseURL"], json.dumps(answer).encode())


def _put(url: str, body: bytes) -> None:
    """The URL is presigned for S3, without a content type.

    Raises URLError when S3 can't be reached, and ValueError when the URL is no web address.
    """
    if urlsplit(url).scheme not in {"https", "http"}:
        raise ValueError("ResponseURL is none of CloudFormation's")
    for tries_left in reversed(range(_ANSWER_TRIES)):
        # An empty content type: urllib would send one of its own, which the signature doesn't cover.
        request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310 - CloudFormation's own URL
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_TIMEOUT_SECONDS):  # noqa: S310 # nosec B310 # the same
                return
        except urllib.error.URLError:
            if tries_left == 0:
                raise
            time.sleep(1)
