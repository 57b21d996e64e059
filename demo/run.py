"""`make demo`: log files into S3, rows out of Postgres, with nothing but this machine.

    python -m demo.run      KEEP=1: stays up afterwards, and says how to connect

Exit status 0: every expectation held.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError
from demo import deployment, disaster, observe, report
from demo.cloud import Cloud
from demo.environment import DemoEnvironment, drop_foreign_settings
from demo.expectations import shortcomings
from demo.formats import OVER_ALL_FORMATS, format_uploads
from demo.machine import MachineError, machine_blamed, refuse_small_room
from demo.observe import FileState
from demo.programs import DemoError
from demo.uploads import Upload, uploads
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from ingestor.database import ConnectionParameters, Database
from ingestor.errors import IngestorError

STACK = "ingestor-demo"
SETTLE_SECONDS = 60
LOOK_EVERY_SECONDS = 0.2
FAILURES = (DemoError, IngestorError, BotoCoreError, ClientError)


@dataclass
class Demo:
    out: Console
    environment: DemoEnvironment
    objects: list[Upload] = field(default_factory=list)
    uploaded_at: dict[str, datetime] = field(default_factory=dict)
    stack: deployment.Stack | None = None
    hidden_messages: int = 0
    """Of the worker that was killed: SQS shows it again after its time-out, and then there is nothing left to do."""

    @property
    def cloud(self) -> Cloud:
        return self.environment.cloud

    def run(self) -> bool:
        """Whether the result is as expected."""
        with self._step("PostgreSQL"):
            parameters = self.environment.start_postgres()
        with self._step("AWS on loopback (ministack)"):
            self.cloud.start()
        with self._step("sam build"):
            is_new = deployment.build()
        if not is_new:
            self.out.print("           [dim]nothing changed since the last one[/]")
        with self._step("sam deploy"):
            stack = self.stack = deployment.deploy(
                self.cloud, parameters, STACK, LeaseSeconds=str(disaster.LEASE_SECONDS)
            )
        database = Database(lambda: parameters, "public")
        try:
            return self._load_and_report(stack, database, parameters)
        finally:
            database.close()

    def show_logs(self) -> None:
        logs = self.environment.logs()
        if self.stack is not None:
            try:
                logs["the handler"] = deployment.handler_log(self.cloud, self.stack)
            except (BotoCoreError, ClientError) as error:
                logs["the handler"] = f"(not to be had: {error})"
        for program, end in logs.items():
            self.out.print(f"\n[bold]The end of the log of {program}[/]\n{escape(end)}")

    def _load_and_report(
        self, stack: deployment.Stack, database: Database, parameters: ConnectionParameters
    ) -> bool:
        with self._step(f"{sum(upload.times for upload in uploads())} uploads"):
            self._upload(stack)
        self.out.print()
        self._watch(stack, database)
        self._strike(stack, database)
        self.out.print("\nThe sweeper goes over it every two seconds; nobody else does anything.\n")
        files = self._watch(stack, database, sweeping=True)
        for line in disaster.history(database, stack.bucket):
            self.out.print(f"[dim]{escape(line)}[/]")
        files = self._load_other_formats(stack, database)
        self.out.print()
        self.out.print(self._table(files))
        self.out.print("[dim]seconds: from upload to commit, the functions' cold starts included[/]")
        letters = observe.dead_letters(self.cloud, stack)
        report.show_dead_letters(self.out, letters, files)
        report.show_answers(self.out, database)
        report.show_answers(self.out, database, [OVER_ALL_FORMATS])
        waiting = max(observe.waiting_messages(self.cloud, stack.queue_url) - self.hidden_messages, 0)
        found = shortcomings(self.objects, files, observe.stored(database), letters, waiting)
        report.show_conclusion(self.out, found, sum(file.rows for file in files.values()))
        if os.environ.get("KEEP"):
            self._stay(stack, parameters)
        return not found

    def _upload(self, stack: deployment.Stack) -> None:
        for upload in uploads():
            self._put(stack, upload)

    def _put(self, stack: deployment.Stack, upload: Upload) -> None:
        self.objects.append(upload)
        self.uploaded_at[upload.key] = datetime.now(UTC)
        s3 = self.cloud.client("s3")
        for _ in range(upload.times):
            s3.put_object(Bucket=stack.bucket, Key=upload.key, Body=upload.body)

    def _strike(self, stack: deployment.Stack, database: Database) -> None:
        """Kills the worker of a large file half-way, then takes the database away for a while."""
        large = disaster.large_upload()
        self._put(stack, large)
        struck = disaster.kill_in_the_middle(
            self.cloud, stack.handler_function, lambda: observe.files(database).get(disaster.LARGE)
        )
        self.out.print(
            f"\n[bold]A worker is killed[/] (SIGKILL) at entry {struck.rows:,} of {large.rows.start:,}."
        )
        self.hidden_messages = 1
        self.environment.stop_postgres()
        for upload in disaster.uploads_during_outage():
            self._put(stack, upload)
        self.out.print(
            f"[bold]PostgreSQL is stopped[/]; {disaster.SMALL_FILES} files are uploaded meanwhile; "
            f"after {disaster.OUTAGE_SECONDS:.0f} s it starts again."
        )
        time.sleep(disaster.OUTAGE_SECONDS)
        self.environment.start_postgres()

    def _load_other_formats(self, stack: deployment.Stack, database: Database) -> Mapping[str, FileState]:
        """Nothing is configured for them."""
        others = format_uploads()
        self.out.print(
            f"\n[bold]{len(others)} logs in other formats[/]: told apart by their keys and first bytes.\n"
        )
        for upload in others:
            self._put(stack, upload)
        return self._watch(stack, database)

    def _watch(
        self, stack: deployment.Stack, database: Database, *, sweeping: bool = False
    ) -> Mapping[str, FileState]:
        """Until all is settled, or for SETTLE_SECONDS."""
        files: dict[str, FileState] = {}
        until = time.monotonic() + SETTLE_SECONDS
        next_sweep = time.monotonic()
        with Live(console=self.out, auto_refresh=False, transient=True) as live:
            while time.monotonic() < until:
                before, files = files, observe.files(database)
                if self.out.is_terminal:
                    live.update(self._table(files), refresh=True)
                else:
                    for file in files.values():
                        if file != before.get(file.key):
                            live.console.print(escape(report.change(file)))
                if self._is_settled(stack, files):
                    break
                if sweeping and time.monotonic() >= next_sweep:
                    deployment.sweep(self.cloud, stack)
                    next_sweep = time.monotonic() + disaster.SWEEP_EVERY_SECONDS
                time.sleep(LOOK_EVERY_SECONDS)
        return files

    def _table(self, files: Mapping[str, FileState]) -> Table:
        return report.file_table(self.objects, files, self.uploaded_at)

    def _is_settled(self, stack: deployment.Stack, files: Mapping[str, FileState]) -> bool:
        if any(upload.key not in files or not files[upload.key].is_settled for upload in self.objects):
            return False
        if observe.waiting_messages(self.cloud, stack.queue_url) > self.hidden_messages:
            return False
        broken = sum(upload.is_broken for upload in self.objects)
        return observe.waiting_messages(self.cloud, stack.dead_letter_queue_url) >= broken

    def _stay(self, stack: deployment.Stack, parameters: ConnectionParameters) -> None:
        report.show_how_to_connect(self.out, stack, parameters, self.cloud.endpoint)
        try:
            while True:
                signal.pause()
        except KeyboardInterrupt:
            self.out.print()

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        with self.out.status(what):
            yield
        self.out.print(f"  {time.monotonic() - began:5.1f} s  {what}")


def _run(out: Console, environment: DemoEnvironment) -> bool:
    """With the logs of a failure that they may explain."""
    demo = Demo(out, environment)
    try:
        is_good = demo.run()
    except MachineError:
        raise
    except FAILURES:
        demo.show_logs()
        raise
    if not is_good:
        demo.show_logs()
    return is_good


def main() -> int:
    drop_foreign_settings()
    out = report.console()
    began = time.monotonic()
    try:
        with machine_blamed(), DemoEnvironment() as environment:
            refuse_small_room(environment.folder.parent)
            is_good = _run(out, environment)
    except KeyboardInterrupt:
        out.print("\nstopped")
        return 130
    except FAILURES as error:
        out.print(f"\n[red]The demo failed[/]: {escape(str(error))}", soft_wrap=True)
        return 1
    out.print(f"[dim]{time.monotonic() - began:.0f} s in all; every process it started is gone[/]")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
