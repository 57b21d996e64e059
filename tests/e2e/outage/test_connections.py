"""One connection for many invocations: checked before use, replaced when stale, with the password of the day."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.client import BaseClient
from tests.e2e.conftest import Service
from tests.e2e.outage.conftest import come_again, everything, ledger, upload
from tests.support.own_server import OwnServer

from handler.runtime import runtime
from ingestor.database import ConnectionParameters, Database

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


@pytest.fixture
def load_next(service: Service, uploaded: list[str]) -> Callable[[], None]:
    """One more invocation, with one more object."""
    assert service.poll().failed == []

    def load() -> None:
        uploaded.append(f"{len(uploaded)}.json.gz")
        upload(service, uploaded[-1])
        assert service.poll().failed == []

    return load


def test_invocations_share_one_connection(
    attempts: list[str], load_next: Callable[[], None], database: Database, uploaded: list[str]
) -> None:
    attempts.clear()  # the first invocation's
    for _ in range(5):
        load_next()
    assert attempts == []
    assert ledger(database) == everything(uploaded)


def end_sessions(server: OwnServer, dbname: str) -> None:
    server.end_sessions(dbname)


def restart(server: OwnServer, _dbname: str) -> None:
    server.restart()


def crash(server: OwnServer, _dbname: str) -> None:
    server.crash()
    server.start()


@pytest.mark.parametrize("trouble", [end_sessions, restart, crash])
def test_a_connection_gone_between_two_invocations_is_replaced_and_no_message_comes_again(
    server: OwnServer,
    database: Database,
    database_parameters: ConnectionParameters,
    attempts: list[str],
    uploaded: list[str],
    load_next: Callable[[], None],
    trouble: Callable[[OwnServer, str], None],
) -> None:
    attempts.clear()
    for rounds in (1, 2):
        trouble(server, database_parameters.dbname)
        load_next()
        load_next()
        assert len(attempts) == rounds
    assert ledger(database) == everything(uploaded)


class Rotation:
    """A user of the database whose password is in a secret; the two are changed one after the other."""

    def __init__(self, server: OwnServer, endpoint: str, parameters: ConnectionParameters, user: str) -> None:
        self._server = server
        self._user = user
        self.secrets: SecretsManagerClient = boto3.client(
            "secretsmanager", endpoint_url=endpoint, region_name="us-east-1"
        )
        server.run("CREATE ROLE {} LOGIN IN ROLE ingestor_ingest", user)
        secret = {
            "host": parameters.host,
            "port": parameters.port,
            "dbname": parameters.dbname,
            "username": user,
        }
        self._secret = secret
        self.change_in_database("first")
        self.arn = self.secrets.create_secret(Name=user, SecretString=self._with("first"))["ARN"]

    def change_in_database(self, password: str) -> None:
        with self._server.connect() as connection:
            connection.execute(f"ALTER ROLE {self._user} PASSWORD '{password}'".encode())

    def change_in_secret(self, password: str) -> None:
        self.secrets.put_secret_value(SecretId=self.arn, SecretString=self._with(password))

    def _with(self, password: str) -> str:
        return json.dumps(self._secret | {"password": password})


@pytest.fixture
def rotation(
    server: OwnServer,
    s3_server: str,
    service: Service,
    database_parameters: ConnectionParameters,
    unique_name: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Rotation:
    assert service.queue_url, "its settings come first, ours take from them"
    rotating = Rotation(server, s3_server, database_parameters, unique_name("app").replace("-", "_"))
    for name in ("DB_HOST", "DB_PORT", "DB_NAME", "DB_USERNAME", "DB_PASSWORD"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("DB_SECRET_ARN", rotating.arn)
    runtime.cache_clear()
    return rotating


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each request for the secret, whoever makes it."""
    seen: list[str] = []
    call: Callable[..., Any] = BaseClient._make_api_call  # type: ignore[attr-defined]  # its stub leaves it out

    def noted(client: BaseClient, operation: str, parameters: dict[str, Any]) -> object:
        if operation == "GetSecretValue":
            seen.append(parameters["SecretId"])
        return call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", noted)
    return seen


def test_a_rotated_password_is_read_when_a_connection_is_opened_and_not_before(
    server: OwnServer,
    database: Database,
    database_parameters: ConnectionParameters,
    rotation: Rotation,
    reads: list[str],
    uploaded: list[str],
    load_next: Callable[[], None],
) -> None:
    load_next()
    assert len(reads) == 1
    rotation.change_in_database("second")
    rotation.change_in_secret("second")
    load_next()  # who is in stays in
    assert len(reads) == 1
    server.end_sessions(database_parameters.dbname)
    load_next()
    assert len(reads) == 2
    assert ledger(database) == everything(uploaded)


def test_a_password_refused_in_the_middle_of_a_rotation_is_read_anew_by_the_next_invocation(
    server: OwnServer,
    service: Service,
    database: Database,
    database_parameters: ConnectionParameters,
    rotation: Rotation,
    reads: list[str],
    uploaded: list[str],
    attempts: list[str],
    load_next: Callable[[], None],
) -> None:
    load_next()
    rotation.change_in_database("second")
    server.end_sessions(database_parameters.dbname)
    reads.clear()
    attempts.clear()
    for number in range(3):
        uploaded.append(f"late {number}.json.gz")
        upload(service, uploaded[-1])
    refused = service.poll()
    assert refused.failed == refused.ids
    assert len(refused.ids) == 3
    # For the whole batch: what was known or read, and once more when that was refused.
    assert len(reads) <= 2
    assert len(attempts) <= 2
    rotation.change_in_secret("second")
    come_again(service, refused)
    assert service.poll().failed == []
    assert ledger(database) == everything(uploaded)
