"""Who moves next: starts the service's processes, moves them one at a time, breaks them, and lets time pass."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import note
from psycopg.pq import TransactionStatus
from tests.faults.model_postgres import ModelPostgres
from tests.faults.model_process import AT_MOST_SECONDS, Fate, Process
from tests.faults.model_sessions import cut_off

COMMIT = "COMMIT"


NEVER = 1_000


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a process comes to a stop: after so many steps, or before so many COMMITs."""

    steps: int = NEVER
    commits: int = NEVER


class Schedule:
    """`processes`: all that have not ended, in the order of their beginning. `look`: called when there may be news."""

    def __init__(self, postgres: ModelPostgres) -> None:
        self.postgres = postgres
        self.processes: list[Process] = []
        self.ended: list[Process] = []
        self.deaths = 0
        self.look: Callable[[], None] = lambda: None
        self._orphans: set[int] = set()

    @property
    def paused(self) -> list[Process]:
        """Those that can be told to go on."""
        return [each for each in self.processes if each.is_paused]

    def start(self, name: str, work: Callable[[], object], *, freely: bool = False) -> Process:
        process = Process(name, work, freely=freely)
        self.processes.append(process)
        process.start()
        self._come_to_rest()
        return process

    def go_on_until(self, process: Process, stop: Stop) -> None:
        if stop == Stop():
            self.finish(process)
        commits = 0
        for _ in range(stop.steps):
            commits += process.next_step == COMMIT
            if not process.is_paused or commits == stop.commits:
                break
            self.go_on(process)

    def go_on(self, process: Process, fate: Fate = Fate.GO_ON) -> None:
        """One step. A process that dies takes its connection with it."""
        if fate is not Fate.GO_ON:
            note(f"  {process.name}: {fate.name} at {process.next_step}")
        if fate is Fate.PROCESS_DIES:
            self.deaths += 1
            self._cut(process)
        is_commit = process.next_step == COMMIT
        process.go(fate)
        self._come_to_rest()
        if is_commit:
            self.look()

    def finish(self, process: Process) -> None:
        """To its end, or to where it waits for another's lock."""
        process.runs_freely = True
        if process.is_paused:
            process.go(Fate.GO_ON)
        self._come_to_rest()
        self.look()

    def kill_all(self) -> None:
        """For the end of an example: nobody is left."""
        for process in self.processes:
            process.is_killed = True
            self._cut(process)
            if process.is_paused:
                process.go(Fate.PROCESS_DIES)
        for process in list(self.processes):
            process.join(AT_MOST_SECONDS)
            assert not process.is_alive(), f"{process.name} can't be killed at {process.next_step}"
        self._come_to_rest()

    def pass_time(self, seconds: float) -> None:
        """Whose time is up gives up, or is ended by the database."""
        for process in self.processes:
            limits = process.limits
            if not process.is_paused and limits and 0 < limits.lock <= seconds:
                process.gives_up_waiting = True
                self.postgres.cancel(session_of(process))
                self._come_to_rest()
        for process in self.paused:
            self.deaths += 1
            limit = process.limits.of_a_sleeper if process.limits else None
            if limit and limit <= seconds and _is_idle_in_transaction(process):
                self.postgres.end(session_of(process))
        self.postgres.end_vanished(seconds)
        self.postgres.pass_time(seconds)
        self._come_to_rest()

    def _cut(self, process: Process) -> None:
        connection = process.connection
        if connection is not None and not connection.closed:
            cut_off(connection)
            self._orphans.add(connection.pgconn.backend_pid)

    def _come_to_rest(self) -> None:
        """Returns when everybody is paused, has ended, or waits for a lock that somebody who stands still holds."""
        until = time.monotonic() + AT_MOST_SECONDS
        while moving := [each for each in self.processes if not each.stands_still(0.002)]:
            assert time.monotonic() < until, (
                [f"{each.name} hangs at {each.next_step}" for each in moving],
                self.postgres.activity(),
            )
            sessions = {session_of(each) for each in moving}
            resting = {session_of(each) for each in self.processes if each.is_paused}
            if self.postgres.wait_for(sessions, resting):
                break
        self._see_the_ended_off()

    def _see_the_ended_off(self) -> None:
        for process in self.processes:
            if process.has_ended and process.is_killed and process.connection is not None:
                process.connection.close()
        self.ended += [each for each in self.processes if each.has_ended]
        self.processes = [each for each in self.processes if not each.has_ended]
        for session in self._orphans:
            self.postgres.await_end(session)
        if self._orphans:
            self._orphans &= self.postgres.living()


def session_of(process: Process) -> int:
    """Its backend's process id; 0 where it has no connection just now."""
    connection = process.connection
    return 0 if connection is None or connection.closed else connection.pgconn.backend_pid


def _is_idle_in_transaction(process: Process) -> bool:
    """Not within COPY: there the server waits for as long as it takes."""
    connection = process.connection
    return connection is not None and connection.pgconn.transaction_status == TransactionStatus.INTRANS
