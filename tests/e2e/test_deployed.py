"""The very template.yaml, built and deployed by AWS SAM CLI to an AWS on loopback, once for all tests here."""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from demo import deployment, observe
from demo.cloud import Cloud
from demo.observe import FileState

from ingestor import ledger
from ingestor.database import ConnectionParameters, Database
from ingestor.model.source_file import SourceFile
from ingestor.notifications import continuation_message

WAIT_SECONDS = 75
"""More than the schedule's minute."""
LOOK_EVERY_SECONDS = 0.1
SOURCES = Path(__file__).parents[2] / "src"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "PYTHONPATH": str(SOURCES)}
DATA = Path(__file__).parents[1] / "data"


@dataclass
class Deployed:
    cloud: Cloud
    stack: deployment.Stack
    database: Database

    def upload(self, key: str, body: bytes) -> None:
        self.cloud.client("s3").put_object(Bucket=self.stack.bucket, Key=key, Body=body)

    def settled(self, *keys: str) -> dict[str, FileState]:
        """The files, once all of these are."""

        def look() -> dict[str, FileState]:
            files = observe.files(self.database)
            return {key: files[key] for key in keys if key in files}

        return _wait(
            look, lambda files: len(files) == len(keys) and all(f.is_settled for f in files.values())
        )

    def dead_letters(self, key: str) -> list[str]:
        """The keys of all dead letters, once this one is among them."""

        def look() -> list[str]:
            letters = observe.dead_letters(self.cloud, self.stack)
            return sorted(key for letter in letters for key in letter.keys)

        return _wait(look, lambda keys: key in keys)

    def outcomes(self, key: str, count: int) -> list[str]:
        """What the handler logged of this object, one a message, once there are `count`."""

        def look() -> list[str]:
            lines = deployment.handler_log(self.cloud, self.stack, lines=10_000).splitlines()
            said = [json.loads(line) for line in lines if line.startswith("{")]
            return sorted(each["message"] for each in said if each.get("key") == key)

        return _wait(look, lambda outcomes: len(outcomes) >= count)

    def command(self, *arguments: str) -> str:
        """What `ingestor --stack` prints, without any of the database's variables."""
        done = subprocess.run(
            [sys.executable, "-m", "ingestor.cli", "--stack", self.stack.name, *arguments],
            env=os.environ | {"AWS_ENDPOINT_URL": self.cloud.endpoint, "AWS_REGION": "us-east-1"} | CREDENTIALS,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, key: str) -> int:
        with self.database.transaction() as connection:
            found = connection.execute(
                "SELECT count(*) FROM logs JOIN files ON files.id = file_id WHERE s3_key = %s", (key,)
            ).fetchone()
        return int(found[0]) if found else 0


def _wait[T](look: Callable[[], T], is_enough: Callable[[T], bool]) -> T:
    """What was seen last: enough, or as it was when the time was over, to be compared."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        seen = look()
        if is_enough(seen) or time.monotonic() > until:
            return seen
        time.sleep(LOOK_EVERY_SECONDS)


@pytest.fixture(scope="module")
def deployed(postgres: ConnectionParameters, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    parameters = replace(postgres, dbname="deployed")
    with psycopg.connect(
        host=postgres.host, port=postgres.port, dbname=postgres.dbname, user=postgres.user,
        password=postgres.password, autocommit=True,
    ) as connection:  # fmt: skip
        connection.execute("CREATE DATABASE deployed")
    deployment.build()
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    database = Database(lambda: parameters, "public")
    try:
        cloud.start()
        yield Deployed(
            cloud,
            deployment.deploy(cloud, parameters, "ingestor-test", SweepSchedule="rate(1 minute)"),
            database,
        )
    finally:
        database.close()
        cloud.stop()


def log(*messages: str) -> bytes:
    entries = [{"time": 1795432855268 + number, "msg": text} for number, text in enumerate(messages)]
    return gzip.compress(json.dumps(entries).encode())


def test_deploying_made_the_tables_and_nothing_is_left_for_the_function_to_do(deployed: Deployed) -> None:
    again = deployment.run_migrations(deployed.cloud, deployed.stack)
    assert again["migrations"]
    assert not any(migration["is_new"] for migration in again["migrations"])


def test_an_uploaded_object_is_in_postgres_exactly_once(deployed: Deployed) -> None:
    body = (DATA / "pino-http-1.json.gz").read_bytes()
    entries = len(json.loads(gzip.decompress(body)))
    key = "a key/with spaces + plus & größe 日本 🚀.json.gz"
    for _ in range(2):
        deployed.upload(key, body)
    outcomes = deployed.outcomes(key, 2)
    assert len(outcomes) == 2
    assert outcomes.count("loaded") == 1
    assert deployed.settled(key)[key].rows == entries == deployed.rows(key)


def test_a_loaded_object_that_is_uploaded_again_adds_nothing(deployed: Deployed) -> None:
    for outcomes in (["loaded"], ["already loaded", "loaded"]):
        deployed.upload("again.json.gz", log("one", "two"))
        assert deployed.outcomes("again.json.gz", len(outcomes)) == outcomes
        assert deployed.rows("again.json.gz") == 2


def test_a_damaged_object_is_a_dead_letter_and_its_neighbours_are_loaded(deployed: Deployed) -> None:
    keys = [f"neighbour-{number}.json.gz" for number in range(5)]
    for key in keys:
        deployed.upload(key, log("one", "two"))
    deployed.upload("damaged.json.gz", log(*map(str, range(1_000)))[:-30])
    files = deployed.settled("damaged.json.gz", *keys)
    assert {files[key].rows for key in keys} == {2}
    assert (files["damaged.json.gz"].status, files["damaged.json.gz"].error_kind) == ("FAILED", "permanent")
    letters = deployed.dead_letters("damaged.json.gz")
    assert letters.count("damaged.json.gz") == 1
    assert not set(keys) & set(letters)


def test_the_stacks_database_is_asked_without_being_reached(deployed: Deployed) -> None:
    deployed.upload("damaged-too.json.gz", log(*map(str, range(1_000)))[:-30])
    deployed.settled("damaged-too.json.gz")
    deployed.dead_letters("damaged-too.json.gz")
    overview = json.loads(deployed.command("status", "--json"))
    assert "damaged-too.json.gz" in {each["s3_key"] for each in overview["needs_person"]}
    ignored = deployed.command("ignore", "damaged-too.json.gz", "--reason", "a test")
    assert ignored == f"s3://{deployed.stack.bucket}/damaged-too.json.gz is ignored; 1 dead letter removed.\n"
    assert "damaged-too.json.gz" not in deployed.dead_letters("damaged.json.gz")
    backfilled = json.loads(deployed.command("backfill", "--bucket", deployed.stack.bucket, "--json"))
    assert backfilled["is_complete"]


def test_ingestor_check_finds_all_in_place_in_the_stack(deployed: Deployed) -> None:
    checks = {
        each["name"]: each["said"] for each in json.loads(deployed.command("check", "--json"))["checks"]
    }
    assert checks.pop("rules").startswith("not set")
    assert checks.pop("redaction").startswith("not set")
    assert {said.partition(":")[0] for said in checks.values()} == {"ok"}
    assert {"database", "schema", "rights", f"bucket {deployed.stack.bucket}", "queue settings"} <= set(
        checks
    )
    assert {"redrive policy", f"notification of {deployed.stack.bucket}"} <= set(checks)


def test_what_is_malformed_is_rejected_with_its_reason(deployed: Deployed) -> None:
    deployed.upload("lines.ndjson", b'{"time":1795432855268}\n{oops}\n{"time":1795432855269}\n')
    state = deployed.settled("lines.ndjson")["lines.ndjson"]
    assert (state.status, state.rows, state.rejected) == ("COMPLETED", 2, 1)


def test_a_tick_of_the_deployed_sweeper_sends_a_file_whose_message_was_lost(deployed: Deployed) -> None:
    lost = SourceFile(deployed.stack.bucket, "lost.json")
    with deployed.database.transaction() as connection:
        assert ledger.register(connection, [lost], due_in_seconds=0) == [lost]
    deployment.sweep(deployed.cloud, deployed.stack)
    assert deployed.settled("lost.json")["lost.json"].error_kind == "permanent"  # there is no such object
    assert deployed.dead_letters("lost.json").count("lost.json") == 1


def test_a_dead_letter_of_a_good_object_is_settled_and_its_object_loaded(deployed: Deployed) -> None:
    deployed.cloud.client("s3").put_bucket_notification_configuration(
        Bucket=deployed.stack.bucket, NotificationConfiguration={}
    )
    deployed.upload("spent.json.gz", log("one", "two"))
    spent = SourceFile(deployed.stack.bucket, "spent.json.gz")
    deployed.cloud.client("sqs").send_message(
        QueueUrl=deployed.stack.dead_letter_queue_url, MessageBody=continuation_message(spent)
    )
    for _ in range(2):  # the first enters it in the ledger, the second sends it
        deployment.sweep(deployed.cloud, deployed.stack)
    assert deployed.settled("spent.json.gz")["spent.json.gz"].rows == 2
    assert "spent.json.gz" not in deployed.dead_letters("damaged.json.gz")


def test_the_schedule_ticks_by_itself(deployed: Deployed) -> None:
    group = f"/aws/lambda/{deployed.stack.name}-sweep"

    def ticks() -> int:
        events = deployed.cloud.client("logs").filter_log_events(logGroupName=group)["events"]
        return sum('"message":"swept' in event["message"] for event in events)

    ours = ticks()
    assert _wait(ticks, lambda count: count > ours) > ours
