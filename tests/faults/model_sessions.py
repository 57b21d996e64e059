"""Sessions that pause: every round trip to PostgreSQL, COPY's included, passes psycopg's `Connection.wait`."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import GeneratorType
from typing import Any

import psycopg
import pytest
from psycopg.pq import PGresult, TransactionStatus
from tests.faults.model_postgres import AdminConnection, ModelPostgres
from tests.faults.model_process import (
    AnyConnection,
    Fate,
    Limits,
    Process,
    ProcessKilledError,
    current_process,
)

_LIMITS = b"""
SELECT extract(epoch FROM current_setting('lock_timeout')::interval),
       extract(epoch FROM current_setting('idle_in_transaction_session_timeout')::interval),
       extract(epoch FROM coalesce(current_setting('transaction_timeout', true), '0')::interval),
       set_config('lock_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)
"""
_SHOWN_CHARACTERS = 100
_SENDING_NOTHING = frozenset({"_set_isolation_level_gen"})
"""What psycopg calls a round trip, and does by itself."""


@contextmanager
def stepwise_sessions(postgres: ModelPostgres) -> Iterator[None]:
    """Meanwhile each process pauses before each round trip; its own thread's statements are named by their text."""
    wait: Callable[..., Any] = psycopg.Connection.wait

    def stepwise_wait(
        connection: AnyConnection, trip: GeneratorType[Any, Any, object], *args: object, **kwargs: object
    ) -> object:
        process = current_process()
        if process is None or isinstance(connection, AdminConnection) or trip.__name__ in _SENDING_NOTHING:
            return wait(connection, trip, *args, **kwargs)
        process.connection = connection
        return _round_trip(postgres, process, connection, lambda: wait(connection, trip, *args, **kwargs))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Connection, "wait", stepwise_wait)
        for speaker, verb in (
            (psycopg.Cursor, "execute"),
            (psycopg.Cursor, "copy"),
            (psycopg.Connection, "commit"),
            (psycopg.Connection, "rollback"),
        ):
            patch.setattr(speaker, verb, _naming_itself(getattr(speaker, verb), verb))
        yield


def cut_off(connection: AnyConnection) -> None:
    """As when a process dies: both ends know."""
    with socket.socket(fileno=os.dup(connection.pgconn.socket)) as its:
        its.shutdown(socket.SHUT_RDWR)


def _round_trip(
    postgres: ModelPostgres, process: Process, connection: AnyConnection, wait: Callable[[], object]
) -> object:
    fate = process.pause(" ".join(process.statement.split())[:_SHOWN_CHARACTERS])
    if fate is Fate.FAILS:
        _cut_off_for_good(postgres, connection)
    elif fate is Fate.VANISHES:
        postgres.let_vanish(connection, process.limits)
    ends_others = "pg_terminate_backend" in process.statement
    living = postgres.living() if ends_others else set()
    try:
        answer = wait()
    except BaseException as error:
        _raise_as_it_came_about(process, error)
        raise
    if fate is Fate.ANSWER_IS_LOST:
        _cut_off_for_good(postgres, connection)
        raise psycopg.OperationalError("the connection broke before the answer came")
    if ends_others:
        postgres.await_ends(living, _number(answer))
    _note_limits(process, connection)
    return answer


def _cut_off_for_good(postgres: ModelPostgres, connection: AnyConnection) -> None:
    session = connection.pgconn.backend_pid
    cut_off(connection)
    postgres.await_end(session)


def _raise_as_it_came_about(process: Process, error: BaseException) -> None:
    if process.is_killed:
        raise ProcessKilledError from None
    if process.gives_up_waiting and isinstance(error, psycopg.errors.QueryCanceled):
        process.gives_up_waiting = False
        raise psycopg.errors.LockNotAvailable("canceling statement due to lock timeout") from None


def _note_limits(process: Process, connection: AnyConnection) -> None:
    """The limits that the service set for this transaction are kept by the model's clock instead of the server's."""
    status = connection.pgconn.transaction_status
    if status == TransactionStatus.IDLE:
        process.limits = None
    elif status == TransactionStatus.INTRANS and process.limits is None:
        answer = connection.pgconn.exec_(_LIMITS)
        lock, idle, transaction = (float(answer.get_value(0, column) or 0) for column in range(3))
        process.limits = Limits(lock, idle, transaction)


def _number(answer: object) -> int:
    """The one that a SELECT found; 0 if it was no SELECT, such as the COMMIT after it."""
    match answer:
        case [result] if isinstance(result, PGresult) and result.ntuples == 1:
            return int(result.get_value(0, 0) or 0)
    return 0


def _naming_itself(method: Callable[..., Any], verb: str) -> Callable[..., Any]:
    def named(speaker: Any, *args: object, **kwargs: object) -> object:  # noqa: ANN401 - a cursor or a connection
        process = current_process()
        if process is not None and not isinstance(getattr(speaker, "connection", None), AdminConnection):
            process.statement = str(args[0]) if args else verb.upper()
        return method(speaker, *args, **kwargs)

    return named
