"""Let all settle: whoever isn't frozen finishes, time passes, the sweeper or `run` comes by, until nothing changes."""

from collections.abc import Callable
from functools import partial

from hypothesis import note
from tests.faults.model_books import Books
from tests.faults.model_commands import Commands
from tests.faults.model_process import Process
from tests.faults.model_service import Service

from ingestor.errors import IngestorError

ROUND_SECONDS = 3 * 3600
"""Longer than each lease, backoff and time-out there is."""

MANY_ROUNDS = 30
QUIET_ROUNDS = 2
"""So many in which nothing changes: something that comes back at every second tick isn't settled."""


def settle_model(service: Service, books: Books) -> None:
    """Fails when that never ends, and when what is left isn't as it must be."""
    finish_those_who_can(service)
    quiet = 0
    before = _picture(service, books)
    for number in range(1, MANY_ROUNDS + 1):
        note(f"settling, round {number}")
        service.schedule.pass_time(ROUND_SECONDS)
        finish_those_who_can(service)
        _one_round(service)
        judge_the_ended(service)
        after = _picture(service, books)
        quiet = quiet + 1 if after == before else 0
        if quiet == QUIET_ROUNDS:
            books.check_settled()
            return
        before = after
    raise AssertionError(f"it never becomes quiet: {before}")


def finish_those_who_can(service: Service) -> None:
    for process in service.schedule.processes:
        if not process.is_frozen:
            service.schedule.finish(process)


def wake_the_frozen(service: Service) -> list[Process]:
    """Too late for everything: others have done their work meanwhile."""
    woken = list(service.schedule.processes)
    for process in woken:
        process.is_frozen = False
        service.schedule.finish(process)
    return woken


def judge_the_ended(service: Service) -> None:
    """Whatever ends a process is one of our own errors: said in words, and the next one goes on."""
    ended, service.schedule.ended = service.schedule.ended, []
    for process in ended:
        if process.error is not None and not isinstance(process.error, IngestorError):
            raise AssertionError(f"{process.name} ended in a traceback") from process.error


def _one_round(service: Service) -> None:
    if not service.installation.has_queue:
        _to_its_end(service, partial(Commands(service).run, ""))
        return
    _to_its_end(service, service.tick)
    for message in service.queue.visible:
        _to_its_end(service, partial(service.handle, message))


def _to_its_end(service: Service, start: Callable[[], Process | None]) -> None:
    process = start()
    if process is not None:
        service.schedule.finish(process)


def _picture(service: Service, books: Books) -> object:
    """All that may still change."""
    return (
        [(file.key, file.status, file.version, file.checkpoint, file.etag) for file in books.files() or []],
        sorted(service.queue.messages),
        sorted(service.dead_letters.messages),
        [process.name for process in service.schedule.processes],
    )
