"""Where a worker meets its end: the product's own functions, wrapped in the worker's process alone.

A point is "before X", "after X", "before COMMIT of X" or "after COMMIT of X", where X is one of the functions below.
"""

import importlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import psycopg

ANY_POINT = "any"

FUNCTIONS: dict[str, tuple[str, ...]] = {
    "ingestor.ledger": (
        "adopt_version",
        "advance",
        "announce_version",
        "claim",
        "claim_for_replacement",
        "complete",
        "due_files",
        "evict_expired_workers",
        "fail",
        "forget_announced_version",
        "give_back",
        "lock_file",
        "record_unloaded",
        "register",
        "release",
        "requeue_due",
        "start_over",
    ),
    "ingestor.sinks.postgres": ("copy_batch", "unload"),
}
METHODS: dict[str, tuple[str, ...]] = {
    "ingestor.queues.sqs.SqsQueue": ("acknowledge", "defer", "receive", "send"),
    "ingestor.sources.s3.S3Objects": ("current", "open", "page"),
    "ingestor.database.PartitionMaintainer": ("ensure_partitions", "move_month_out_of_default"),
    "psycopg.Copy": ("write_row",),
    "psycopg.Connection": ("execute",),
}
SAY_NO_PURPOSE = {
    *(
        "acknowledge",
        "defer",
        "receive",
        "send",
        "current",
        "open",
        "page",
        "write_row",
        "execute",
    )
}
"""Of the transaction in hand: they are in any, or in none."""


@dataclass(frozen=True, slots=True)
class Doom:
    """`signal` at the `hit`-th time that `point` is reached; ANY_POINT: at the `hit`-th point, whichever it is."""

    point: str
    hit: int = 1
    signal: str = "SIGKILL"


class _Steps:
    """Counts what is reached, and knows which function the transaction in hand is for."""

    def __init__(self, doom: Doom) -> None:
        self._doom = doom
        self._left = doom.hit
        self._purpose = "something else"

    def reach(self, point: str) -> None:
        if self._doom.point in {point, ANY_POINT}:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.Signals[self._doom.signal])

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def stepped(*args: object, **kwargs: object) -> object:
            if name not in SAY_NO_PURPOSE:
                self._purpose = name
            self.reach(f"before {name}")
            result = function(*args, **kwargs)
            self.reach(f"after {name}")
            return result

        return stepped

    def around_commit(self, commit: Callable[..., None]) -> Callable[..., None]:
        @wraps(commit)
        def stepped(connection: object) -> None:
            purpose, self._purpose = self._purpose, "something else"
            self.reach(f"before COMMIT of {purpose}")
            commit(connection)
            self.reach(f"after COMMIT of {purpose}")

        return stepped


def install(doom: Doom) -> None:
    """Raises AttributeError when the product has no such function any more."""
    steps = _Steps(doom)
    for path, names in FUNCTIONS.items():
        _wrap(steps, importlib.import_module(path), names)
    for path, names in METHODS.items():
        module, _, of_class = path.rpartition(".")
        _wrap(steps, getattr(importlib.import_module(module), of_class), names)
    commit = steps.around_commit(psycopg.Connection.commit)
    psycopg.Connection.commit = commit  # type: ignore[method-assign]  # the one place all commits pass


def _wrap(steps: _Steps, owner: object, names: tuple[str, ...]) -> None:
    for name in names:
        setattr(owner, name, steps.around(name, getattr(owner, name)))
