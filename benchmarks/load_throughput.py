"""How close a whole load comes to Postgres' own speed.

    python -m benchmarks.load_throughput [--runs 7] [--entries 100000] [--binaries /usr/lib/postgresql/15/bin]

By turns, loads the generated file end to end (claim, decompress, decode, map, COPY, fence; as `ingestor local`
does) and copies the same rows already encoded for binary COPY: into the same emptied table of the same server, in
the same chunks, each a transaction. The server is a PostgreSQL of its own, with its default settings.
"""

import argparse
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import generate

from ingestor.api import process_local_file
from ingestor.database import ConnectionParameters, Database, migrate
from ingestor.database.embedded import EmbeddedPostgres
from ingestor.ingest import Loaded
from ingestor.model.columns import COLUMNS
from ingestor.settings import Settings

_COLUMN_LIST = ", ".join(column.name for column in COLUMNS)
_IMPORT_RUNS = 7


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one run, and of this process' own work in it."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Contest:
    database: Database
    path: Path

    def load(self) -> None:
        result = process_local_file(self.path, settings=Settings.from_environment({}), database=self.database)
        assert isinstance(result.outcome, Loaded), result.outcome

    def copy(self, chunks: list[bytes]) -> None:
        for chunk in chunks:
            with (
                self.database.transaction() as connection,
                connection.cursor() as cursor,
                cursor.copy(f"COPY logs ({_COLUMN_LIST}) FROM STDIN (FORMAT BINARY)".encode()) as copy,
            ):
                copy.write(chunk)

    def encoded_chunks(self) -> list[bytes]:
        """The rows of the load just done, as Postgres writes them, cut where the load cut."""
        chunks = []
        with self.database.transaction() as connection:
            sizes = connection.execute(
                "SELECT rows FROM file_events WHERE event IN ('checkpoint', 'completed') ORDER BY id"
            ).fetchall()
            start = 0
            for (rows,) in sizes:
                span = f"ordinal >= {start} AND ordinal < {start + rows} ORDER BY ordinal"
                chosen = f"SELECT {_COLUMN_LIST} FROM logs WHERE {span}"  # noqa: S608 - our own columns, and integers
                query = f"COPY ({chosen}) TO STDOUT (FORMAT BINARY)"
                with connection.cursor() as cursor, cursor.copy(query.encode()) as copy:
                    chunks.append(b"".join(bytes(part) for part in copy))
                start += rows
        return chunks

    def empty(self) -> None:
        with self.database.transaction() as connection:
            connection.execute("TRUNCATE logs, rejected_entries, raw_originals, processed_files, file_events")

    def timed(self, run: Callable[[], None]) -> Timing:
        self.empty()
        with self.database.transaction() as connection:
            connection.execute("CHECKPOINT")
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        return Timing(time.perf_counter() - wall, time.process_time() - cpu)


def compare(contest: Contest, entries: int, runs: int) -> None:
    contest.empty()
    contest.load()
    chunks = contest.encoded_chunks()
    loads: list[Timing] = []
    copies: list[Timing] = []
    for _ in range(runs):
        loads.append(contest.timed(contest.load))
        copies.append(contest.timed(lambda: contest.copy(chunks)))
    load, copy = (statistics.median(each.wall for each in timings) for timings in (loads, copies))
    cpu = statistics.median(each.cpu for each in loads)
    print(f"runs                    {runs}, by turns; medians below; {len(chunks)} chunks each")
    print(f"end to end              {load:.3f} s, {entries / load:,.0f} entries/s (all: {_all(loads)})")
    print(f"  of it client CPU      {cpu:.3f} s, {cpu / entries * 1e6:.1f} us an entry")
    print(f"encoded rows alone      {copy:.3f} s, {entries / copy:,.0f} entries/s (all: {_all(copies)})")
    print(f"ratio                   {load / copy:.2f}")


def _server_version(database: Database) -> str:
    with database.transaction() as connection:
        return f"PostgreSQL {connection.info.server_version // 10_000}"


def _all(timings: list[Timing]) -> str:
    return " ".join(f"{each.wall:.2f}" for each in timings)


_MEASURE_MEMORY = """
import re, sys
from pathlib import Path
from ingestor import process_local_file
process_local_file(sys.argv[1])
# Not getrusage: its maximum includes what the parent held when it started this process.
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def peak_memory_mb(contest: Contest, parameters: ConnectionParameters) -> float:
    """The peak resident memory of a fresh process that loads the file; Linux only."""
    contest.empty()
    environment = _bare_environment() | {
        "DB_HOST": parameters.host,
        "DB_PORT": str(parameters.port),
        "DB_NAME": parameters.dbname,
        "DB_USERNAME": parameters.user,
        "DB_PASSWORD": parameters.password,
    }
    return int(_python(_MEASURE_MEMORY, str(contest.path), environment=environment)) / 1024


_MEASURE_IMPORT = """
import time
began = time.perf_counter()
import handler.object_created
print(time.perf_counter() - began)
"""


def import_seconds() -> float:
    """The handler's import in fresh processes, their bytecode already compiled."""
    environment = _bare_environment() | {"POWERTOOLS_TRACE_DISABLED": "1", "AWS_DEFAULT_REGION": "eu-west-1"}
    runs = [float(_python(_MEASURE_IMPORT, environment=environment)) for _ in range(_IMPORT_RUNS + 1)]
    return statistics.median(runs[1:])


def _bare_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}


def _python(script: str, *arguments: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--entries", type=int, default=generate.ENTRIES)
    parser.add_argument("--binaries", type=Path, help="a PostgreSQL's; the embedded one's if not given")
    arguments = parser.parse_args()
    load_average = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # PostgreSQL refuses root, and whom it runs as instead must reach its data
        path = Path(folder) / "entries.json.gz"
        size = generate.write(path, arguments.entries)
        print(f"file                    {arguments.entries:,} entries, {size / 1e6:.1f} MB of JSON")
        server = EmbeddedPostgres(Path(folder) / "postgres", binaries=arguments.binaries)
        parameters = server.start()
        database = Database(lambda: parameters, "public")
        try:
            migrate(database)
            print(f"server                  {_server_version(database)}")
            print(
                f"machine                 {os.cpu_count()} cores for both, load average {load_average:.1f} before"
            )
            contest = Contest(database, path)
            print(f"peak memory             {peak_memory_mb(contest, parameters):.0f} MB")
            compare(contest, arguments.entries, arguments.runs)
        finally:
            database.close()
            server.stop()
    print(f"handler's import        {import_seconds():.2f} s")


if __name__ == "__main__":
    main()
