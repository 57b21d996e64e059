"""The first invocation of the built artefact, and the second, under AWS' runtime interface emulator; Linux only.

    make tools-install && python -m benchmarks.cold_start [--runs 5]

Each run is a new execution environment: the first invocation has the interpreter's start, the imports, the database
connection and a small object in it, the second only the object. S3 and SQS are moto's, PostgreSQL is a fresh one.
"""

import argparse
import logging
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import boto3
from demo import deployment
from moto.server import ThreadedMotoServer
from tests.integration.conftest import variables_of
from tests.support.lambda_runtime import LambdaRuntime, put_event

from ingestor.database import ConnectionParameters, Database, migrate
from ingestor.database.embedded import EmbeddedPostgres

BUCKET = "cold-start"


@dataclass(frozen=True, slots=True)
class Invocations:
    """Seconds, of one execution environment."""

    first: float
    second: float


def seconds(name: str, environment: dict[str, str], event: object) -> Invocations:
    with tempfile.NamedTemporaryFile() as log, LambdaRuntime(name, environment, Path(log.name)) as runtime:
        times = []
        for _ in range(2):
            began = time.perf_counter()
            runtime.invoke(event)
            times.append(time.perf_counter() - began)
    return Invocations(*times)


def measure(environment: dict[str, str], runs: int) -> None:
    events = {
        "HandlerFunction": put_event(BUCKET, "app.json"),
        "SweepFunction": {},
        "MigrateFunction": {},
        "OperateFunction": {"arguments": ["status"]},
    }
    for name, event in events.items():
        pairs = [seconds(name, environment, event) for _ in range(runs)]
        first = statistics.median(each.first for each in pairs)
        second = statistics.median(each.second for each in pairs)
        print(f"{name:16} first {first:.2f} s, second {second:.3f} s")


def with_cloud(parameters: ConnectionParameters, runs: int) -> None:
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    s3, sqs = (boto3.client(name, endpoint_url=endpoint, region_name="us-east-1") for name in ("s3", "sqs"))
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="app.json", Body=b'{"time":1795432855268,"msg":"hello"}\n')
    environment = {
        "AWS_ENDPOINT_URL": endpoint, "BUCKETS": BUCKET, "QUEUE_URL": sqs.create_queue(QueueName="q")["QueueUrl"],
        **variables_of(parameters),
    }  # fmt: skip
    try:
        measure(environment, runs)
    finally:
        server.stop()


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    deployment.build()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # PostgreSQL refuses root, and whom it runs as instead must reach its data
        postgres = EmbeddedPostgres(Path(folder) / "postgres")
        parameters = postgres.start()
        try:
            database = Database(lambda: parameters, "public")
            migrate(database)
            database.close()
            with_cloud(parameters, runs)
        finally:
            postgres.stop()


if __name__ == "__main__":
    main()
