"""What a forked worker does: serve a Lambda function's invocations, sweep, or run a command."""

import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from tests.faults.channel import Channel

from handler import message, object_created
from handler import sweep as sweeping
from ingestor import ledger
from ingestor.deadline import RESERVE_SECONDS
from ingestor.errors import IngestorError

FUNCTION_FAILED = 70

type Role = Callable[[Channel, list[str]], int]


SHORT_SECONDS = RESERVE_SECONDS - 0.5
"""Less than what the service keeps for its last steps: no further chunk is begun."""


@dataclass(slots=True)
class Context:
    """Of one invocation, as Lambda tells it."""

    ends_at: float
    is_short: bool = False
    aws_request_id: str = "request-1"
    function_name: str = "ingestor"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:ingestor"

    def get_remaining_time_in_millis(self) -> int:
        left = self.ends_at - time.monotonic()
        return max(0, round(1000 * (min(left, SHORT_SECONDS) if self.is_short else left)))


def serve(channel: Channel, _arguments: list[str]) -> int:
    """The function behind the queue: one answer to each event, until the poller goes."""
    strays = _Strays()
    while (order := channel.receive()) is not None:
        context = Context(time.monotonic() + order["seconds"])
        if order["is_short"]:
            _shorten_after_a_chunk(context)
        try:
            answer: object = object_created.lambda_handler(order["event"], context)  # type: ignore[arg-type]  # what we read of it
        except Exception as error:  # noqa: BLE001 - Lambda fails the invocation and goes on
            traceback.print_exc()
            channel.send({"error": _said(error), "strays": strays.taken()})
        else:
            channel.send({"answer": answer, "strays": strays.taken()})
    return 0


def sweep(channel: Channel, _arguments: list[str]) -> int:
    """The function behind the schedule: a tick whenever it is asked for."""
    while (order := channel.receive()) is not None:
        context = Context(time.monotonic() + order["seconds"])
        try:
            report = sweeping.lambda_handler({}, context)  # type: ignore[arg-type]  # what we read of it
        except IngestorError as error:
            channel.send({"error": _said(error), "strays": []})
        except Exception as error:  # noqa: BLE001 - told, so that a test can refuse it
            traceback.print_exc()
            channel.send({"error": _said(error), "strays": [_said(error)]})
        else:
            channel.send({"answer": report, "strays": []})
    return 0


def command(_channel: Channel, arguments: list[str]) -> int:
    """`ingestor …` in this very process."""
    from ingestor.cli import main  # noqa: PLC0415 - the other roles have no part of it

    sys.argv = ["ingestor", *arguments]
    main()
    return 0


def program(_channel: Channel, arguments: list[str]) -> NoReturn:
    """`python -m ingestor.cli …` in place of this process: one that starts others may not be a fork itself."""
    os.setsid()
    os.execv(sys.executable, [sys.executable, "-m", "ingestor.cli", *arguments])  # noqa: S606 - no shell on purpose


ROLES: dict[str, Role] = {"serve": serve, "sweep": sweep, "command": command, "program": program}


def _shorten_after_a_chunk(context: Context) -> None:
    """As if that had taken long."""
    advance = ledger.advance

    def slow(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - whatever it takes
        advance(*args, **kwargs)
        context.is_short = True

    ledger.advance = slow


class _Strays:
    """Errors outside the error tree: the batch processor would answer for them, and nobody would know."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        load_message = message.MessageLoader.load_message

        def watched(loader: message.MessageLoader, record: Any) -> None:  # noqa: ANN401 - Powertools' own
            try:
                load_message(loader, record)
            except IngestorError:
                raise
            except Exception as error:
                traceback.print_exc()
                self._seen.append(_said(error))
                raise

        message.MessageLoader.load_message = watched  # type: ignore[method-assign, assignment]  # in this worker alone

    def taken(self) -> list[str]:
        seen, self._seen = self._seen, []
        return seen


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
