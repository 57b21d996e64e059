"""What every test may use: a real PostgreSQL with a fresh database, and moto's S3 and SQS."""

import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import hypothesis
import psycopg
import pytest
from moto.server import ThreadedMotoServer
from psycopg import sql
from tests.support.memory_folder import temporary_files_in_memory

from ingestor.database import ConnectionParameters, Database, migrate
from ingestor.database.embedded import EmbeddedPostgres
from ingestor.database.server_account import ServerAccount
from ingestor.database.server_folder import make_ours, server_folder

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

TEMPLATE = "ingestor_template"
_numbers = itertools.count(1)

# Names a user may have set would change what is tested.
_FOREIGN_PREFIXES = (
    "DB_",
    "AWS_",
    "BUCKET",
    "QUEUE_URL",
    "CHUNK_",
    "LEASE_",
    "MAX_",
    "ON_OVERWRITE",
    "PG",
    "PREFIX",
    "DLQ_URL",
    "START_FROM",
    "RECONCILE_",
    "RETENTION_",
)


# A busy machine is no defect: no example of a property is timed. All else is as hypothesis has it, here and in CI.
hypothesis.settings.register_profile("untimed", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    # Terminated, a run stops its servers and removes their folders as one that was interrupted does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stack = ExitStack()
    # What runs for hours to fill disks and write logs without end isn't held in memory.
    if "FAULT_SECONDS" not in os.environ:
        stack.enter_context(temporary_files_in_memory())
    config.add_cleanup(stack.close)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test logged may hold lone surrogates of hostile keys, which xdist can't send: it would end the run."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(_FOREIGN_PREFIXES)]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, os.devnull)
        yield


@pytest.fixture(autouse=True)
def _environment_stays() -> Iterator[None]:
    """A test that changes it for the tests that follow makes them fail in some orders only."""
    before = _ours()
    yield
    assert _ours() == before


def _ours() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_FOREIGN_PREFIXES)}


@pytest.fixture(scope="session")
def reachable_folder() -> Iterator[Path]:
    """pytest's own temporary folders are private, and TMPDIR may be; whom a root's PostgreSQL runs as must get in."""
    place = Path(tempfile.gettempdir())
    if not ServerAccount.current().can_reach(place):
        place = server_folder(for_programs=True)
        make_ours(place)
    folder = Path(tempfile.mkdtemp(prefix="ingestor-tests-", dir=place))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_binaries() -> Path | None:
    """None: those that `EmbeddedPostgres` finds. TEST_POSTGRES_BINARIES names another version's."""
    named = os.environ.get("TEST_POSTGRES_BINARIES")
    return Path(named) if named else None


@pytest.fixture(scope="session")
def postgres(reachable_folder: Path, postgres_binaries: Path | None) -> Iterator[ConnectionParameters]:
    """A server of this test process, with a migrated template database. Its data need not outlive it."""
    server = EmbeddedPostgres(
        reachable_folder / "postgres",
        options=("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=60"),
        binaries=postgres_binaries,
    )
    parameters = server.start()
    try:
        _execute(parameters, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        template = Database(lambda: replace(parameters, dbname=TEMPLATE), "public")
        migrate(template)
        template.close()
        yield parameters
    finally:
        server.stop()


@pytest.fixture
def database_parameters(postgres: ConnectionParameters) -> Iterator[ConnectionParameters]:
    """A fresh clone of the template."""
    name = f"test_{next(_numbers)}"
    identifiers = {"name": sql.Identifier(name), "template": sql.Identifier(TEMPLATE)}
    _execute(
        postgres,
        sql.SQL("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY").format(**identifiers),
    )
    yield replace(postgres, dbname=name)
    _execute(postgres, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def new_database(database_parameters: ConnectionParameters) -> Iterator[Callable[[], Database]]:
    """As many workers' views of the fresh database as a test asks for."""
    made: list[Database] = []

    def make() -> Database:
        made.append(Database(lambda: database_parameters, "public"))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


@pytest.fixture
def connect(
    database_parameters: ConnectionParameters,
) -> Iterator[Callable[[], psycopg.Connection[tuple[Any, ...]]]]:
    """Connections that no `Database` looks after."""
    made: list[psycopg.Connection[tuple[Any, ...]]] = []

    def make() -> psycopg.Connection[tuple[Any, ...]]:
        made.append(_connection(database_parameters))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The endpoint of moto's S3 and SQS."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def s3(s3_server: str) -> "S3Client":
    client: S3Client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")
    return client


@pytest.fixture(scope="session")
def sqs(s3_server: str) -> "SQSClient":
    client: SQSClient = boto3.client("sqs", endpoint_url=s3_server, region_name="us-east-1")
    return client


@pytest.fixture
def unique_name() -> Callable[[str], str]:
    """A bucket's or queue's name that no other test uses."""
    return lambda stem: f"{stem}-{next(_numbers)}"


@pytest.fixture(scope="session")
def data_folder() -> Path:
    return Path(__file__).with_name("data")


def _execute(parameters: ConnectionParameters, statement: sql.Composed) -> None:
    with _connection(parameters) as connection:
        connection.autocommit = True
        connection.execute(statement)


def _connection(parameters: ConnectionParameters) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(
        host=parameters.host,
        port=parameters.port,
        dbname=parameters.dbname,
        user=parameters.user,
        password=parameters.password,
        sslmode=parameters.sslmode,
    )
