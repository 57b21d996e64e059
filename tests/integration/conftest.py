"""The real command line, as a process of its own; a bucket and queues to sweep."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import sql
from tests.support.books import Ledger
from tests.support.connections import Connect
from tests.support.private_folders import private_copy
from tests.support.quick_commands import Order, preloaded_python, run_anew
from tests.support.sweeping import Place
from tests.support.sweeping import place as make_place

from ingestor.database import ConnectionParameters, Database, server_folder

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

SOURCES = Path(__file__).parents[2] / "src"
PASSWORD = "of a test's user"

type Login = Callable[[str | None], ConnectionParameters]


@dataclass(frozen=True)
class Answer:
    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command answers
        return json.loads(self.stdout)

    @property
    def json_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stdout.splitlines()]


@dataclass(frozen=True)
class CommandLine:
    """`ingestor` in `folder`, with these variables beside the machine's own."""

    folder: Path
    variables: Mapping[str, str]

    def __call__(self, *arguments: str | Path, stdin: bytes = b"", **variables: str) -> Answer:
        order = Order("ingestor.cli", arguments, self.folder, self._environment(variables))
        run = run_anew if self._are_for_python(variables) else preloaded_python(SOURCES).run
        done = run(order, stdin, seconds=60)
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *arguments: str | Path, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command(arguments),
            cwd=self.folder,
            env=self._environment(variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def using(self, variables: Mapping[str, str]) -> "CommandLine":
        return CommandLine(self.folder, {**self.variables, **variables})

    def _are_for_python(self, variables: Mapping[str, str]) -> bool:
        """Read when an interpreter starts, and only then."""
        return any(name.startswith(("PYTHON", "LANG", "LC_")) for name in (*self.variables, *variables))

    def _command(self, arguments: tuple[str | Path, ...]) -> list[str | Path]:
        return [sys.executable, "-m", "ingestor.cli", *arguments]

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(SOURCES), **self.variables, **variables}


def variables_of(parameters: ConnectionParameters) -> dict[str, str]:
    return {
        "DB_HOST": parameters.host,
        "DB_PORT": str(parameters.port),
        "DB_NAME": parameters.dbname,
        "DB_USERNAME": parameters.user,
        "DB_PASSWORD": parameters.password,
        "DB_SSLMODE": parameters.sslmode,
    }


@pytest.fixture
def ingestor(tmp_path: Path, database_parameters: ConnectionParameters) -> CommandLine:
    """With the test's fresh, migrated database."""
    return CommandLine(tmp_path, variables_of(database_parameters))


@pytest.fixture
def write_log(tmp_path: Path) -> Callable[[str, list[object]], Path]:
    """A file of newline-delimited entries in the command line's folder."""

    def write(name: str, entries: list[object]) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
        return path

    return write


@pytest.fixture
def books(database: Database) -> Ledger:
    """To be filled with files in any state."""
    return Ledger(database)


@pytest.fixture
def place(
    database: Database, s3_server: str, s3: "S3Client", sqs: "SQSClient", unique_name: Callable[[str], str]
) -> Place:
    """A bucket with its queues, and what sweeps them."""
    return make_place(database=database, endpoint=s3_server, s3=s3, sqs=sqs, name=unique_name("sweep"))


@pytest.fixture(scope="session")
def private_binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a PostgreSQL that only we may enter and read."""
    return private_copy(tmp_path_factory.mktemp("private") / "mit Umläuten und Leerzeichen")


@pytest.fixture
def system_folder(
    reachable_folder: Path, unique_name: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The only one that root's server is given a folder in, as it would be in /var/lib."""
    folder = reachable_folder / unique_name("system")
    folder.mkdir()
    folder.chmod(0o755)
    monkeypatch.setattr(server_folder, "SYSTEM_FOLDERS", (folder,))
    return folder


@pytest.fixture
def log_in(
    connect: Connect, database_parameters: ConnectionParameters, unique_name: Callable[[str], str]
) -> Iterator[Login]:
    """A new user of the fresh database, a member of the role, if one is given, and nothing else."""
    administrator, made = connect(), list[sql.Identifier]()
    administrator.autocommit = True

    def log_in(role: str | None) -> ConnectionParameters:
        name = unique_name("user")
        made.append(sql.Identifier(name))
        administrator.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(made[-1], sql.Literal(PASSWORD))
        )
        if role is not None:
            administrator.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), made[-1]))
        return replace(database_parameters, user=name, password=PASSWORD)

    yield log_in
    for user in made:
        administrator.execute(sql.SQL("DROP OWNED BY {0} CASCADE; DROP ROLE {0}").format(user))


@pytest.fixture
def database_as(log_in: Login) -> Iterator[Callable[[str | None], Database]]:
    made: list[Database] = []

    def database_as(role: str | None) -> Database:
        user = log_in(role)
        made.append(Database(lambda: user, "public"))
        return made[-1]

    yield database_as
    for each in made:
        each.close()
