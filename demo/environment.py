"""Everything the demo starts, and the promise that nothing of it stays."""

import os
import shutil
import signal
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from demo.cloud import LOOPBACK, Cloud, free_port
from demo.machine import MachineError, machine_blamed
from demo.programs import tail

from ingestor.database import ConnectionParameters
from ingestor.database.embedded import EmbeddedPostgres
from ingestor.errors import IngestorError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DemoEnvironment:
    """A PostgreSQL and a cloud in one temporary folder."""

    def __init__(
        self,
        *,
        postgres_port: int = 0,
        cloud_port: int = 0,
        cloud_host: str = LOOPBACK,
        also_listen_on: str | None = None,
    ) -> None:
        """A port of 0 is any that is free; `also_listen_on` is another address for PostgreSQL, beside loopback."""
        with machine_blamed():
            self.folder = Path(tempfile.mkdtemp(prefix="ingestor-demo-"))
            self.folder.chmod(0o711)  # root's PostgreSQL runs as another user, who must get in
        # On the same port whenever it starts: the functions are told once.
        listening = (f"listen_addresses={LOOPBACK},{also_listen_on}",) if also_listen_on else ()
        options = (f"port={postgres_port or free_port()}", *listening)
        self._postgres = EmbeddedPostgres(self.folder / "postgres", options=options)
        self.cloud = Cloud(self.folder / "cloud", host=cloud_host, port=cloud_port)

    def __enter__(self) -> Self:
        # Closing the terminal, or `kill`, unwinds the stack as Ctrl-C does, wherever we were started from.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.default_int_handler)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C would leave something behind
        data = self._postgres.data_folder.parent
        try:
            self.cloud.stop()
        finally:
            self._postgres.stop()
            shutil.rmtree(
                data, ignore_errors=True
            )  # may be outside our folder, where root's user could not reach it
            shutil.rmtree(self.folder, ignore_errors=True)

    def start_postgres(self) -> ConnectionParameters:
        """Raises MachineError."""
        try:
            return self._postgres.start()
        except IngestorError as error:
            raise MachineError(str(error)) from error

    @property
    def postgres_data(self) -> Path:
        return self._postgres.data_folder

    def stop_postgres(self) -> None:
        self._postgres.stop()

    def logs(self) -> dict[str, str]:
        """The ends of the logs, by program."""
        server_log = self._postgres.data_folder / "server.log"
        return {"PostgreSQL": tail(server_log), "ministack": tail(self.cloud.log, 40)}


def drop_foreign_settings() -> None:
    """The demo is the same everywhere, whatever accounts and databases the user's shell names."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "DB_"))]:
        del os.environ[name]
