"""`make up`: PostgreSQL, S3 and SQS for functions in a container of this machine, as `events/env.json` names them.

Ctrl-C ends them, and nothing is left of them. The database is fresh and has its tables, the bucket holds what the
events name, and both queues are there.
"""

import json
import signal
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
import psycopg.sql
from demo.cloud import LOOPBACK, free_port, is_free, refuse_taken
from demo.containers import Bridge, Reach, firewall_hint, reach
from demo.environment import DemoEnvironment, drop_foreign_settings
from demo.machine import machine_blamed
from demo.programs import DemoError
from demo.samples import BUCKET, DATA, ENVIRONMENT, OBJECTS
from demo.variables import cloud_variables, database_variables, exports, queue_variables
from rich.console import Console
from rich.markup import escape

from ingestor.database import ConnectionParameters, Database, migrate
from ingestor.errors import IngestorError


@dataclass(frozen=True, slots=True)
class Ports:
    """0: any that is free."""

    postgres: int = 0
    cloud: int = 0


def environment_variables() -> dict[str, str]:
    """The functions' variables, as `sam local invoke --env-vars` takes them."""
    variables: dict[str, str] = json.loads(ENVIRONMENT.read_text())["Parameters"]
    return variables


def environment_at(ports: Ports) -> dict[str, str]:
    """The same with other ports."""
    variables, usual = environment_variables(), ports_of_environment()
    moved = {
        name: value.replace(f":{usual.cloud}", f":{ports.cloud}") if "://" in value else value
        for name, value in variables.items()
    }
    return moved | {"DB_PORT": str(ports.postgres)}


def ports_of_environment() -> Ports:
    variables = environment_variables()
    return Ports(int(variables["DB_PORT"]), urlsplit(variables["AWS_ENDPOINT_URL"]).port or 0)


def free_ports(bridge: Bridge | None) -> Ports:
    """Those of the environment; another one for each that somebody has."""
    usual = ports_of_environment()
    postgres_hosts, cloud_host = _listening(bridge)
    return Ports(
        usual.postgres if all(is_free(host, usual.postgres) for host in postgres_hosts) else free_port(),
        usual.cloud if is_free(cloud_host, usual.cloud) else free_port(),
    )


def _listening(bridge: Bridge | None) -> tuple[tuple[str, ...], str]:
    """Where PostgreSQL listens, and where the cloud does: on Linux, Docker's bridge as well, or instead."""
    return ((LOOPBACK, bridge.address), bridge.address) if bridge else ((LOOPBACK,), LOOPBACK)


def demo_environment(ports: Ports, bridge: Bridge | None) -> DemoEnvironment:
    """Not started yet. Raises DemoError where somebody has PostgreSQL's port; for the cloud's, its start does."""
    if ports.postgres:
        for host in _listening(bridge)[0]:
            refuse_taken(host, ports.postgres)
    return DemoEnvironment(
        postgres_port=ports.postgres,
        cloud_port=ports.cloud,
        cloud_host=_listening(bridge)[1],
        also_listen_on=bridge.address if bridge else None,
    )


def prepare(environment: DemoEnvironment, bridge: Bridge | None) -> ConnectionParameters:
    """Starts both, and leaves a database, a bucket and queues. Raises DemoError, IngestorError."""
    superuser = environment.start_postgres()
    ours = _make_database(superuser)
    if bridge is not None:
        _let_in(environment, superuser, bridge)
    database = Database(lambda: ours, "public")
    try:
        migrate(database)
    finally:
        database.close()
    environment.cloud.start()
    s3, sqs = environment.cloud.client("s3"), environment.cloud.client("sqs")
    s3.create_bucket(Bucket=BUCKET)
    for name in ("QUEUE_URL", "DLQ_URL"):
        sqs.create_queue(QueueName=environment_variables()[name].rsplit("/", 1)[1])
    for key, file in OBJECTS.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=(DATA / file).read_bytes())
    return ours


def _make_database(superuser: ConnectionParameters) -> ConnectionParameters:
    """Owned by a role that may little else (make the reader's role): its password stands in a committed file."""
    variables = environment_variables()
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


def _let_in(environment: DemoEnvironment, superuser: ConnectionParameters, bridge: Bridge) -> None:
    with (environment.postgres_data / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all {environment_variables()['DB_USERNAME']} {bridge.network} scram-sha-256\n")
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
    found = reach()
    try:
        with machine_blamed(), demo_environment(ports_of_environment(), found.bridge) as environment:
            ours = prepare(environment, found.bridge)
            _report(out, environment, ours, found)
            signal.pause()
    except (DemoError, IngestorError) as error:
        out.print(f"[red]make up:[/] {escape(str(error))}", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        out.print("\nstopped")
    return 0


def _report(out: Console, environment: DemoEnvironment, ours: ConnectionParameters, found: Reach) -> None:
    variables = environment_variables()
    queue, dead_letters = (
        f"{environment.cloud.endpoint}{urlsplit(variables[name]).path}" for name in ("QUEUE_URL", "DLQ_URL")
    )
    groups = (
        database_variables(ours),
        cloud_variables(environment.cloud.endpoint),
        queue_variables(BUCKET, queue, dead_letters),
    )
    out.print(
        "Up until Ctrl-C. In another terminal, in this folder:\n\n"
        "  .tools/sam/bin/sam build\n"
        "  .tools/sam/bin/sam local invoke HandlerFunction --event events/s3_put.json\n\n"
        "And to see the result, or to load without a function:\n\n"
        f"{escape(exports(*groups))}"
        "  .venv/bin/ingestor status\n"
        "  .venv/bin/ingestor psql\n"
        f"  .venv/bin/ingestor run --bucket {BUCKET}",
        soft_wrap=True,
    )
    if found.obstacle is not None:
        out.print(f"\n[yellow]No container gets here:[/] {escape(found.obstacle)}", soft_wrap=True)
    elif found.bridge is not None:
        ports = ports_of_environment()
        hint = firewall_hint(found.bridge, ports.postgres, ports.cloud)
        out.print(f"\n{escape(hint)}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
