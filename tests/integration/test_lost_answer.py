"""A COMMIT whose answer is lost, through a real proxy that cuts the wire at the worst moment."""

import contextlib
import gzip
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingestor.api import process_local_file
from ingestor.database import ConnectionParameters, Database
from ingestor.errors import DatabaseUnavailableError
from ingestor.ingest import Loaded
from ingestor.settings import Settings

COMMIT = b"COMMIT\x00"  # the statement, not "READ COMMITTED"


class CuttingProxy:
    """Passes bytes both ways; at the n-th COMMIT it drops the client, before or after telling the server."""

    def __init__(self, target: tuple[str, int], *, cut_at_commit: int, tell_the_server: bool) -> None:
        self._target = target
        self._commits_left = cut_at_commit
        self._tell_the_server = tell_the_server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                threading.Thread(target=self._to_server, args=(client, server), daemon=True).start()
                threading.Thread(target=self._to_client, args=(server, client), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, contextlib.suppress(OSError):
            while data := client.recv(65536):
                if COMMIT in data:
                    self._commits_left -= 1
                    if self._commits_left == 0:
                        client.shutdown(socket.SHUT_RDWR)
                        if self._tell_the_server:
                            server.sendall(data)
                            server.recv(65536)  # the answer nobody hears
                        return
                server.sendall(data)

    def _to_client(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    entries = [{"level": 30, "time": 1795432855268 + n, "msg": f"entry {n}"} for n in range(6)]
    path = tmp_path / "app.json.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, entries)).encode()))
    return path


@contextlib.contextmanager
def through_proxy(
    parameters: ConnectionParameters, *, cut_at_commit: int, tell_the_server: bool
) -> Iterator[Database]:
    proxy = CuttingProxy(
        (parameters.host, parameters.port), cut_at_commit=cut_at_commit, tell_the_server=tell_the_server
    )
    database = Database(
        lambda: replace(parameters, host="127.0.0.1", port=proxy.port, sslmode="disable"), "public"
    )
    try:
        yield database
    finally:
        database.close()
        proxy.close()


def ordinals(database: Database) -> list[int]:
    with database.transaction() as connection:
        return [ordinal for (ordinal,) in connection.execute("SELECT ordinal FROM logs ORDER BY ordinal")]


# The first two commits are the eviction's and the claim's; then come the file's three chunks.
@pytest.mark.parametrize("cut_at_commit", [3, 4, 5])
def test_a_chunk_whose_commit_was_done_but_not_answered_is_not_loaded_again(
    database: Database, database_parameters: ConnectionParameters, log_file: Path, cut_at_commit: int
) -> None:
    with through_proxy(database_parameters, cut_at_commit=cut_at_commit, tell_the_server=True) as shaky:
        outcome = process_local_file(log_file, settings=Settings(chunk_rows=2), database=shaky).outcome
    assert isinstance(outcome, Loaded)
    assert ordinals(database) == list(range(6))


@pytest.mark.parametrize("cut_at_commit", [3, 4, 5])
def test_a_chunk_whose_commit_never_arrived_fails_for_now_and_is_loaded_by_the_next_worker(
    database: Database, database_parameters: ConnectionParameters, log_file: Path, cut_at_commit: int
) -> None:
    settings = Settings(chunk_rows=2, lease_seconds=1)
    with (
        through_proxy(database_parameters, cut_at_commit=cut_at_commit, tell_the_server=False) as shaky,
        pytest.raises(DatabaseUnavailableError),
    ):
        process_local_file(log_file, settings=settings, database=shaky)
    with database.transaction() as connection:
        # The backend that never heard our COMMIT still locks the row: look, don't touch.
        connection.execute("SELECT pg_sleep_until(lease_expires_at) FROM processed_files")
    assert isinstance(process_local_file(log_file, settings=settings, database=database).outcome, Loaded)
    assert ordinals(database) == list(range(6))
