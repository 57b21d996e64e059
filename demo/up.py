"""`make up`: PostgreSQL, S3 and SQS for functions in a container of this machine, as `events/env.json` names them.

Ctrl-C ends them, and nothing is left of them. The database is fresh and has its tables, the bucket holds what the
events name, and both queues are there.
"""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
import psycopg.sql
from demo.cloud import LOOPBACK
from demo.programs import REGION, DemoError
from demo.samples import BUCKET, DATA, ENVIRONMENT, OBJECTS
from demo.surroundings import Surroundings, drop_foreign_settings
from rich.console import Console

from ingestor.database import ConnectionParameters, Database, migrate
from ingestor.errors import IngestorError

DOCKER_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Ports:
    """0: any that is free."""

    postgres: int = 0
    cloud: int = 0


@dataclass(frozen=True, slots=True)
class Bridge:
    """How a container on Linux sees this machine: our address on Docker's bridge, and the containers' network."""

    address: str
    network: str


def environment() -> dict[str, str]:
    """The functions' variables, as `sam local invoke --env-vars` takes them."""
    variables: dict[str, str] = json.loads(ENVIRONMENT.read_text())["Parameters"]
    return variables


def ports_of_environment() -> Ports:
    variables = environment()
    return Ports(int(variables["DB_PORT"]), urlsplit(variables["AWS_ENDPOINT_URL"]).port or 0)


def bridge() -> Bridge | None:
    """None where Docker doesn't run, or is a virtual machine that reaches our loopback by itself (macOS)."""
    if sys.platform != "linux":
        return None
    said = _docker("network", "inspect", "bridge", "--format", "{{json (index .IPAM.Config 0)}}")
    if said is None:
        return None
    config = json.loads(said)
    return Bridge(config["Gateway"], config["Subnet"])


def docker_runs() -> bool:
    return _docker("info") is not None


def _docker(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, check=False, timeout=DOCKER_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def surroundings(ports: Ports, seen: Bridge | None) -> Surroundings:
    """Not started yet. On Linux, PostgreSQL listens on Docker's bridge as well, S3 and SQS on it alone."""
    return Surroundings(
        postgres_port=ports.postgres,
        cloud_port=ports.cloud,
        cloud_host=seen.address if seen else LOOPBACK,
        also_listen_on=seen.address if seen else None,
    )


def prepare(around: Surroundings, seen: Bridge | None) -> ConnectionParameters:
    """Starts both, and leaves a database, a bucket and queues. Raises DemoError, IngestorError."""
    superuser = around.start_postgres()
    ours = _make_database(superuser)
    if seen is not None:
        _let_in(around, superuser, seen)
    database = Database(lambda: ours, "public")
    try:
        migrate(database)
    finally:
        database.close()
    around.cloud.start()
    s3, sqs = around.cloud.client("s3"), around.cloud.client("sqs")
    s3.create_bucket(Bucket=BUCKET)
    for name in ("QUEUE_URL", "DLQ_URL"):
        sqs.create_queue(QueueName=environment()[name].rsplit("/", 1)[1])
    for key, file in OBJECTS.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=(DATA / file).read_bytes())
    return ours


def _make_database(superuser: ConnectionParameters) -> ConnectionParameters:
    """Owned by a role that may little else (make the reader's role): its password stands in a committed file."""
    variables = environment()
    user, password, name = variables["DB_USERNAME"], variables["DB_PASSWORD"], variables["DB_NAME"]
    with _superuser(superuser) as connection:
        connection.execute(
            psycopg.sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(
                psycopg.sql.Identifier(user), psycopg.sql.Literal(password)
            )
        )
        connection.execute(
            psycopg.sql.SQL("CREATE DATABASE {} OWNER {}").format(
                psycopg.sql.Identifier(name), psycopg.sql.Identifier(user)
            )
        )
    return ConnectionParameters(superuser.host, superuser.port, name, user, password, sslmode="disable")


def _let_in(around: Surroundings, superuser: ConnectionParameters, seen: Bridge) -> None:
    with (around.postgres_data / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all {environment()['DB_USERNAME']} {seen.network} scram-sha-256\n")
    with _superuser(superuser) as connection:
        connection.execute("SELECT pg_reload_conf()")


def _superuser(parameters: ConnectionParameters) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=parameters.host, port=parameters.port, dbname=parameters.dbname,
        user=parameters.user, password=parameters.password, autocommit=True,
    )  # fmt: skip


def main() -> int:
    out = Console(highlight=False)
    drop_foreign_settings()
    seen = bridge()
    try:
        with surroundings(ports_of_environment(), seen) as around:
            ours = prepare(around, seen)
            _tell(out, around, ours)
            signal.pause()
    except (DemoError, IngestorError) as error:
        out.print(f"[red]make up:[/] {error}", markup=True)
        return 1
    except KeyboardInterrupt:
        out.print("\nstopped")
    return 0


def _tell(out: Console, around: Surroundings, ours: ConnectionParameters) -> None:
    out.print(
        "Up until Ctrl-C. In another terminal, in this folder, after `sam build`:\n\n"
        "  .tools/sam/bin/sam local invoke HandlerFunction --event events/s3_put.json\n\n"
        "And what came of it:\n\n"
        f"  export DB_HOST={ours.host} DB_PORT={ours.port} DB_NAME={ours.dbname} DB_USERNAME={ours.user}"
        f" DB_PASSWORD={ours.password}\n"
        "  .venv/bin/ingestor status\n"
        "  .venv/bin/ingestor psql\n\n"
        f"  export AWS_ENDPOINT_URL={around.cloud.endpoint} AWS_REGION={REGION}"
        " AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
        soft_wrap=True,
    )


if __name__ == "__main__":
    sys.exit(main())
