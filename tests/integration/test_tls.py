"""TLS to PostgreSQL, its certificate signed by a private authority."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import pytest
from tests.support.private_authority import PrivateAuthority
from tests.support.tls_front import TlsFront

from ingestor.database import ConnectionParameters, Database
from ingestor.errors import DatabaseUnavailableError
from ingestor.settings import Settings


@dataclass(frozen=True)
class SecureServer:
    parameters: ConnectionParameters
    authority: Path
    stranger: Path

    def connects(self, *, sslmode: str, authority: Path | str | None = None, host: str = "127.0.0.1") -> bool:
        root = None if authority is None else str(authority)
        parameters = replace(self.parameters, sslmode=sslmode, sslrootcert=root, host=host, is_embedded=False)
        database = Database(lambda: parameters, "public")
        try:
            with database.transaction() as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        finally:
            database.close()


@pytest.fixture(scope="module")
def server(
    postgres: ConnectionParameters, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SecureServer]:
    folder = tmp_path_factory.mktemp("authorities")
    authority = PrivateAuthority("ours")
    certificate, key = folder / "server.crt", folder / "server.key"
    authority.issue("127.0.0.1", certificate, key)
    ours, theirs = (
        authority.write(folder / "ours.pem"),
        PrivateAuthority("theirs").write(folder / "theirs.pem"),
    )
    with TlsFront((postgres.host, postgres.port), certificate, key) as front:
        yield SecureServer(replace(postgres, port=front.port), ours, theirs)


def test_verify_full_takes_the_server_that_our_authority_vouches_for(server: SecureServer) -> None:
    assert server.connects(sslmode="verify-full", authority=server.authority)


def test_verify_full_refuses_a_strangers_certificate(server: SecureServer) -> None:
    with pytest.raises(DatabaseUnavailableError, match=r"certificate verify failed.*: check DB_SSLROOTCERT$"):
        server.connects(sslmode="verify-full", authority=server.stranger)


def test_verify_full_refuses_another_servers_certificate(server: SecureServer) -> None:
    with pytest.raises(DatabaseUnavailableError, match=r"does not match host name.*: check DB_HOST: it must"):
        server.connects(sslmode="verify-full", authority=server.authority, host="localhost")


def test_the_authorities_of_aws_are_in_the_package_and_vouch_for_nobody_else(server: SecureServer) -> None:
    settings = Settings.from_environment({
        "DB_HOST": "127.0.0.1", "DB_USERNAME": "u", "DB_PASSWORD": "p",
        "DB_SSLMODE": "verify-full", "DB_SSLROOTCERT": "aws",
    })  # fmt: skip
    bundle = ConnectionParameters.from_settings(settings).sslrootcert
    assert bundle == str(files("ingestor.database") / "certificates" / "aws.pem")
    trusted = ssl.create_default_context(cafile=bundle).get_ca_certs()
    subjects = str([each["subject"] for each in trusted])
    assert "Amazon RDS eu-west-1 Root CA RSA2048 G1" in subjects
    assert "Amazon Root CA 1" in subjects
    with pytest.raises(DatabaseUnavailableError, match="certificate verify failed"):
        server.connects(sslmode="verify-full", authority=bundle)


def test_require_encrypts_and_trusts_anybody(server: SecureServer) -> None:
    assert server.connects(sslmode="require")


def test_without_tls_the_server_is_not_spoken_to(server: SecureServer) -> None:
    with pytest.raises(DatabaseUnavailableError):
        server.connects(sslmode="disable")
